#include "doctor/facts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/number.h"
#include "ctl/ask.h"
#include "doctor/firewall.h"
#include "host/nftables.h"
#include "host/sysctl.h"
#include "host/undo.h"
#include "route/link.h"

/* A parameter's number; 0 where there is none. */
static int parameter(const char *name)
{
	char value[WG_SYSCTL_VALUE_LEN];
	uint32_t number;

	if (wg_sysctl_read(name, value) || !wg_number_parse(&number, INT32_MAX, value))
		return 0;
	return (int)number;
}

/* As it takes effect: the larger of the link's and that of "all" (ip-sysctl.rst). */
static int effective(const char *family, const char *link, const char *leaf)
{
	char name[WG_SYSCTL_NAME_LEN];
	int all = 0;
	int own = 0;

	if (!wg_sysctl_conf(name, family, "all", leaf))
		all = parameter(name);
	if (!wg_sysctl_conf(name, family, link, leaf))
		own = parameter(name);
	return own > all ? own : all;
}

static int gather_parameters(struct wg_facts *facts)
{
	facts->forwards_ipv4 = parameter("net/ipv4/ip_forward") != 0;
	facts->forwards_ipv6 = parameter("net/ipv6/conf/all/forwarding") != 0;
	facts->links = calloc(facts->host.n_links + 1, sizeof(*facts->links));
	if (!facts->links)
		return -ENOMEM;
	for (size_t i = 0; i < facts->host.n_links; i++) {
		const char *link = facts->host.links[i].name;

		facts->links[i] = (struct wg_facts_link){
			.rp_filter = effective("ipv4", link, "rp_filter"),
			.src_valid_mark = effective("ipv4", link, "src_valid_mark") != 0,
			.proxy_arp = effective("ipv4", link, "proxy_arp") != 0,
			.proxy_ndp = effective("ipv6", link, "proxy_ndp") != 0,
		};
	}
	return 0;
}

static void find_way(struct wg_facts *facts, struct wg_netlink *nl, size_t peer)
{
	const struct wg_config *config = &facts->status.config;
	struct wg_facts_way *way = &facts->ways[peer];
	struct wg_link link;

	way->error =
		wg_route_lookup(nl, &config->peers[peer].endpoint.ip, config->fwmark, &way->route);
	if (way->error || wg_link_by_index(nl, way->route.link, &link))
		return;
	way->mtu = link.mtu;
	if (way->route.mtu && way->route.mtu < way->mtu)
		way->mtu = way->route.mtu;
}

static int gather_ways(struct wg_facts *facts, struct wg_netlink *nl)
{
	size_t n = facts->status.config.n_peers;

	facts->ways = calloc(n + 1, sizeof(*facts->ways));
	if (!facts->ways)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (facts->status.config.peers[i].has_endpoint)
			find_way(facts, nl, i);
	return 0;
}

static int gather_network(struct wg_facts *facts)
{
	struct wg_netlink *nl;
	int err = wg_netlink_open(&nl);

	if (err)
		return err;
	err = wg_hostview_read(&facts->host, nl);
	if (!err)
		err = wg_address_list(nl, 0, &facts->addresses, &facts->n_addresses);
	if (!err)
		err = wg_neigh_proxy_list(nl, &facts->proxies, &facts->n_proxies);
	if (!err)
		err = gather_parameters(facts);
	if (!err)
		err = gather_ways(facts, nl);
	wg_netlink_close(nl);
	return err;
}

static int gather_status(struct wg_facts *facts, struct wg_error *error)
{
	int err = wg_ask_status(facts->name, &facts->status, error);

	if (err == -ENOENT)
		facts->runner = WG_FACTS_RUNS_NOT;
	else if (err == -EACCES || err == -EPERM)
		facts->runner = WG_FACTS_RUNS_HIDDEN;
	else if (err == -EPROTO)
		facts->runner = WG_FACTS_RUNS_FOREIGN;
	else if (err)
		return err;
	else
		facts->runner = WG_FACTS_RUNS_TUFF;
	return 0;
}

static void say_nothing(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

/* What the journal still has to put back. One that is in use is not a dead tunnel's. */
static int count_leftovers(const char *name)
{
	static const struct wg_undo_ops ops = {.note = say_nothing};
	struct wg_error error;
	struct wg_undo *undo;
	char path[128];
	int n;

	snprintf(path, sizeof(path), WG_UNDO_DIR "/%s.undo", name);
	if (access(path, F_OK) || wg_undo_open(&undo, WG_UNDO_DIR, name, &ops, &error))
		return 0;
	n = wg_undo_pending(undo);
	wg_undo_close(undo);
	return n;
}

/* By having it for a moment. */
static bool is_taken(uint16_t port)
{
	const struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool taken = fd >= 0 && bind(fd, (const struct sockaddr *)&in, sizeof(in)) &&
		     errno == EADDRINUSE;

	if (fd >= 0)
		close(fd);
	return taken;
}

/* The port that the file wants, where it has not got it. */
static void gather_port(struct wg_facts *facts)
{
	uint16_t port = facts->conf ? facts->conf->config.listen_port : 0;

	if (facts->runner == WG_FACTS_RUNS_NOT ? !port || !facts->conf->listen_port_line
					       : facts->status.config.listen_port == port)
		return;
	facts->port_taken = port && is_taken(port);
	if (facts->port_taken)
		wg_portholder_find(facts->port_holder, port);
}

static void gather_firewall(struct wg_facts *facts)
{
	struct wg_error error;
	char *ruleset;
	size_t len;

	if (!facts->status.config.has_listen_port || wg_nftables_list(&ruleset, &len, &error))
		return;
	facts->firewall = wg_firewall_suspects(ruleset, len, facts->status.config.listen_port);
	free(ruleset);
}

static int gather_solicited(struct wg_facts *facts, unsigned int seconds)
{
	uint32_t *links = calloc(facts->host.n_links + 1, sizeof(*links));
	int err = -ENOMEM;

	for (size_t i = 0; links && i < facts->host.n_links; i++)
		links[i] = facts->host.links[i].index;
	if (links)
		err = wg_solicit_listen(seconds, links, facts->host.n_links, &facts->solicited,
					&facts->n_solicited);
	free(links);
	return err;
}

static int gather_rest(struct wg_facts *facts, unsigned int listen_sec, struct wg_error *error)
{
	int err = gather_network(facts);

	if (err)
		return wg_error_set(error, err, "%s: look at the network: %s", facts->name,
				    strerror(-err));
	gather_port(facts);
	if (facts->runner == WG_FACTS_RUNS_NOT) {
		facts->leftovers = count_leftovers(facts->name);
		return 0;
	}
	gather_firewall(facts);
	err = listen_sec ? gather_solicited(facts, listen_sec) : 0;
	if (!err)
		return 0;
	wg_error_set(error, err, "%s: listen for neighbours: %s", facts->name, strerror(-err));
	if (err == -EPERM)
		wg_error_hint(error, "run this as root");
	return err;
}

int wg_facts_gather(struct wg_facts *facts, const char *name, const struct wg_conf *conf,
		    unsigned int listen_sec, struct wg_error *error)
{
	int err;

	*facts = (struct wg_facts){.name = name, .conf = conf, .now_sec = time(NULL)};
	wg_status_init(&facts->status);
	err = gather_status(facts, error);
	return err ? err : gather_rest(facts, listen_sec, error);
}

void wg_facts_free(struct wg_facts *facts)
{
	wg_status_deinit(&facts->status);
	wg_hostview_free(&facts->host);
	free(facts->links);
	free(facts->addresses);
	free(facts->proxies);
	free(facts->ways);
	free(facts->firewall);
	free(facts->solicited);
}
