#include "conf/check.h"

#include <stdlib.h>
#include <string.h>

#include "conf/check_rules.h"
#include "conf/conf_parser.h"

static void add_place(struct wg_check *check, bool inside, unsigned int line, const char *address,
		      const char *owner)
{
	struct wg_check_place *places =
		wg_conf_grow(check->places, check->n_places, sizeof(*places));

	if (!places) {
		check->failed = true;
		return;
	}
	check->places = places;
	places[check->n_places] =
		(struct wg_check_place){inside, strdup(address), strdup(owner), line};
	if (!places[check->n_places].address || !places[check->n_places].owner)
		check->failed = true;
	check->n_places++;
}

static void map_outside(struct wg_check *check, const struct wg_conf *conf)
{
	char text[320];

	if (conf->config.listen_port)
		snprintf(text, sizeof(text), "UDP port %u", conf->config.listen_port);
	else
		snprintf(text, sizeof(text), "any free UDP port");
	add_place(check, false, conf->listen_port_line, text, "this host");
	for (size_t i = 0; i < conf->n_peers; i++) {
		const struct wg_conf_peer *peer = &conf->peers[i];
		char label[WG_CHECK_LABEL_LEN];

		if (!peer->endpoint_host)
			continue;
		snprintf(text, sizeof(text), strchr(peer->endpoint_host, ':') ? "[%s]:%u" : "%s:%u",
			 peer->endpoint_host, peer->endpoint_port);
		add_place(check, false, peer->endpoint_line, text, wg_check_label(label, conf, i));
	}
}

static void map_inside(struct wg_check *check, const struct wg_conf *conf)
{
	char text[WG_PREFIX_TEXT_LEN];
	char label[WG_CHECK_LABEL_LEN];

	for (size_t i = 0; i < conf->addresses.n; i++) {
		const struct wg_conf_prefix *address = &conf->addresses.items[i];

		wg_prefix_format(text, &address->prefix);
		add_place(check, true, address->line, text, "this host");
	}
	for (size_t i = 0; i < conf->n_peers; i++) {
		const struct wg_conf_prefixes *list = &conf->peers[i].allowed_ips;

		wg_check_label(label, conf, i);
		for (size_t j = 0; j < list->n; j++) {
			wg_prefix_format(text, &conf->config.peers[i].allowed_ips[j].prefix);
			add_place(check, true, list->items[j].line, text, label);
		}
	}
}

static void check_repeats(struct wg_check *check, const struct wg_conf *conf)
{
	for (size_t i = 0; i < conf->n_repeats; i++) {
		const struct wg_conf_repeat *repeat = &conf->repeats[i];

		wg_check_add(check, WG_CHECK_WARNING, "repeated-key", repeat->line,
			     "%s was given in line %u; only this one counts", repeat->key,
			     repeat->before);
		wg_check_remedy(check, "remove one of them");
	}
}

static int by_line(const void *a, const void *b)
{
	const struct wg_check_finding *left = a;
	const struct wg_check_finding *right = b;

	if (left->line != right->line)
		return left->line < right->line ? -1 : 1;
	return strcmp(left->code, right->code);
}

void wg_check_conf(struct wg_check *check, const struct wg_conf *conf,
		   const struct wg_check_host *host)
{
	check->name = strdup(conf->name);
	check->failed |= !check->name;
	map_outside(check, conf);
	map_inside(check, conf);
	check_repeats(check, conf);
	wg_check_keys(check, conf, host->others_can_read);
	wg_check_peers(check, conf, host);
	wg_check_overlaps(check, conf);
	wg_check_link(check, conf);
	wg_check_hooks(check, conf);
	if (check->n_findings)
		qsort(check->findings, check->n_findings, sizeof(*check->findings), by_line);
}
