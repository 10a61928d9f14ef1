/* Rules about allowed IPs of different peers. All prefixes are sorted so that each
 * stands behind those that contain it; one pass with a stack of the open ones then
 * finds every pair that matters, also among very many. */
#include <stdlib.h>
#include <string.h>

#include "conf/check_rules.h"

struct entry {
	struct wg_prefix prefix;
	size_t peer;
	size_t order; /* in the file */
	unsigned int line;
};

static int compare(const void *a, const void *b)
{
	const struct entry *left = a;
	const struct entry *right = b;
	int order = memcmp(&left->prefix.ip, &right->prefix.ip, sizeof(left->prefix.ip));

	if (order)
		return order;
	if (left->prefix.bits != right->prefix.bits)
		return left->prefix.bits < right->prefix.bits ? -1 : 1;
	return left->order < right->order ? -1 : 1;
}

static size_t count(const struct wg_config *config)
{
	size_t n = 0;

	for (size_t i = 0; i < config->n_peers; i++)
		n += config->peers[i].n_allowed_ips;
	return n;
}

static void collect(struct entry *entries, const struct wg_conf *conf)
{
	size_t n = 0;

	for (size_t i = 0; i < conf->n_peers; i++)
		for (size_t j = 0; j < conf->config.peers[i].n_allowed_ips; j++) {
			entries[n] = (struct entry){conf->config.peers[i].allowed_ips[j].prefix, i,
						    n, conf->peers[i].allowed_ips.items[j].line};
			n++;
		}
}

static void report(struct wg_check *check, const struct wg_conf *conf, const struct entry *outer,
		   const struct entry *inner)
{
	char outer_text[WG_PREFIX_TEXT_LEN];
	char inner_text[WG_PREFIX_TEXT_LEN];
	char outer_label[WG_CHECK_LABEL_LEN];
	char inner_label[WG_CHECK_LABEL_LEN];

	wg_prefix_format(outer_text, &outer->prefix);
	wg_prefix_format(inner_text, &inner->prefix);
	wg_check_label(outer_label, conf, outer->peer);
	wg_check_label(inner_label, conf, inner->peer);
	if (outer->prefix.bits == inner->prefix.bits) {
		wg_check_add(check, WG_CHECK_ERROR, "allowed-ip-moves", inner->line,
			     "%s moves from %s (line %u) to %s: only one peer can have it",
			     inner_text, outer_label, outer->line, inner_label);
		wg_check_remedy(check, "leave it with one of them");
	} else if (outer->prefix.bits) {
		wg_check_add(check, WG_CHECK_NOTE, "allowed-ips-overlap", inner->line,
			     "%s of %s lies inside %s of %s (line %u): the longer prefix wins",
			     inner_text, inner_label, outer_text, outer_label, outer->line);
		wg_check_remedy(check, "nothing, if that is meant");
	}
}

void wg_check_overlaps(struct wg_check *check, const struct wg_conf *conf)
{
	size_t n = count(&conf->config);
	struct entry *entries = calloc(n + 1, sizeof(*entries));
	/* No chain of different prefixes is longer than an address has bits; equal
	 * ones replace each other. */
	const struct entry *open[130];
	size_t depth = 0;

	if (!entries) {
		check->failed = true;
		return;
	}
	collect(entries, conf);
	qsort(entries, n, sizeof(*entries), compare);
	for (size_t i = 0; i < n; i++) {
		const struct entry *entry = &entries[i];

		while (depth && !wg_prefix_contains(&open[depth - 1]->prefix, &entry->prefix.ip))
			depth--;
		if (depth && open[depth - 1]->peer != entry->peer)
			report(check, conf, open[depth - 1], entry);
		if (depth && open[depth - 1]->prefix.bits == entry->prefix.bits)
			depth--;
		open[depth++] = entry;
	}
	free(entries);
}
