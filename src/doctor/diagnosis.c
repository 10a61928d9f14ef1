#include "doctor/diagnosis.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/defaults.h"
#include "host/plan.h"

/* 2024-01-01: this program is younger, so a clock that says less is wrong. */
#define YOUNGEST_CLOCK INT64_C(1704067200)

static void judge_leftovers(struct wg_check *check, const struct wg_facts *facts)
{
	if (facts->leftovers <= 0)
		return;
	wg_check_add(check, WG_CHECK_ERROR, "leftovers", 0,
		     "a tunnel of this name was killed and left %d change%s of the host behind",
		     facts->leftovers, facts->leftovers == 1 ? "" : "s");
	wg_check_remedy(check, "put them back with: tuff down %s", facts->name);
}

static void judge_port_taken(struct wg_check *check, const struct wg_facts *facts)
{
	uint16_t port;

	if (!facts->port_taken)
		return;
	port = facts->conf->config.listen_port;
	wg_check_add(check, WG_CHECK_ERROR, "port-taken", 0,
		     "UDP port %u, which the file asks for, is in use by %s", port,
		     *facts->port_holder ? facts->port_holder : "another program");
	if (*facts->port_holder)
		wg_check_remedy(check, "end that, or choose another ListenPort");
	else
		wg_check_remedy(check, "find it with: ss -ulpn sport = :%u", port);
}

/* No tunnel runs: says what there is in its place. */
static void judge_absence(struct wg_check *check, const struct wg_facts *facts)
{
	const struct wg_link *link = wg_hostview_link(&facts->host, facts->name);

	if (link && !strcmp(link->kind, "wireguard")) {
		wg_check_add(check, WG_CHECK_ERROR, "link-taken", 0,
			     "the link is one of the kernel's own WireGuard");
		wg_check_remedy(check, "look at it with: wg show %s", facts->name);
	} else if (link && strcmp(link->kind, "tun") != 0) {
		wg_check_add(check, WG_CHECK_ERROR, "link-taken", 0,
			     "a link of this name is there that is no tunnel%s%s",
			     *link->kind ? ", but one of kind " : "", link->kind);
		wg_check_remedy(check,
				"look at it with: ip -d link show %s; a tunnel needs another name",
				facts->name);
	} else if (link) {
		wg_check_add(check, WG_CHECK_ERROR, "no-control-socket", 0,
			     "the link is there, but no program answers at its control socket");
		wg_check_remedy(check, "remove it with: ip link delete %s", facts->name);
	} else {
		wg_check_add(check, WG_CHECK_ERROR, "not-up", 0, "no tunnel of this name is up");
		wg_check_remedy(check, "bring it up with: tuff up %s", facts->name);
	}
	judge_leftovers(check, facts);
	judge_port_taken(check, facts);
}

static bool judge_link(struct wg_check *check, const struct wg_facts *facts,
		       const struct wg_link *link)
{
	if (!link) {
		wg_check_add(check, WG_CHECK_WARNING, "link-elsewhere", 0,
			     "the tunnel runs, but its link is not in this network namespace");
		wg_check_remedy(check,
				"ask where the link is: ip netns exec NAMESPACE tuff doctor %s",
				facts->name);
	} else if (!link->up) {
		wg_check_add(check, WG_CHECK_ERROR, "link-down", 0, "the link is down");
		wg_check_remedy(check, "bring it up with: ip link set %s up", facts->name);
	}
	return link && link->up;
}

static void judge_private_key(struct wg_check *check, const struct wg_facts *facts)
{
	if (facts->status.config.has_private_key)
		return;
	wg_check_add(check, WG_CHECK_ERROR, "no-private-key", 0, "the tunnel has no private key");
	wg_check_remedy(check,
			facts->conf ? "give PrivateKeyFile in the file, then: tuff reload %s"
				    : "set one with: wg set %s private-key FILE",
			facts->name);
}

static bool is_called(const struct wg_facts *facts)
{
	for (size_t i = 0; i < facts->status.config.n_peers; i++)
		if (!facts->status.config.peers[i].has_endpoint)
			return true;
	return false;
}

static void judge_other_port(struct wg_check *check, const struct wg_facts *facts, uint16_t wanted)
{
	wg_check_add(check, WG_CHECK_WARNING, "port", 0,
		     "it listens on UDP port %u, because %u was taken: peers that call know "
		     "nothing of that",
		     facts->status.config.listen_port, wanted);
	if (*facts->port_holder)
		wg_check_remedy(check,
				"%s has it: end that, or set ListenPort here and in the peers' "
				"Endpoint",
				facts->port_holder);
	else
		wg_check_remedy(check,
				"free the port (ss -ulpn sport = :%u), or set ListenPort here and "
				"in the peers' Endpoint",
				wanted);
}

/* A port that the file names is the file's; without one, peers that call know only the
 * usual one. */
static void judge_port(struct wg_check *check, const struct wg_facts *facts)
{
	const struct wg_config *running = &facts->status.config;
	uint16_t wanted = facts->conf ? facts->conf->config.listen_port : 0;

	if (!wanted || !running->has_listen_port || running->listen_port == wanted)
		return;
	if (facts->conf->listen_port_line) {
		wg_check_add(check, WG_CHECK_WARNING, "port", 0,
			     "it listens on UDP port %u, and the file says %u",
			     running->listen_port, wanted);
		wg_check_remedy(check, "apply the file with: tuff reload %s", facts->name);
	} else if (is_called(facts)) {
		judge_other_port(check, facts, wanted);
	}
}

static bool has_ipv6_inside(const struct wg_facts *facts, const struct wg_link *link)
{
	const struct wg_config *config = &facts->status.config;

	for (size_t i = 0; i < facts->n_addresses; i++)
		if (facts->addresses[i].link == link->index &&
		    facts->addresses[i].prefix.ip.family == WG_FAMILY_IPV6)
			return true;
	for (size_t i = 0; i < config->n_peers; i++)
		for (size_t k = 0; k < config->peers[i].n_allowed_ips; k++)
			if (config->peers[i].allowed_ips[k].prefix.ip.family == WG_FAMILY_IPV6)
				return true;
	return false;
}

static void judge_small_mtu(struct wg_check *check, const struct wg_facts *facts,
			    const struct wg_link *link)
{
	if (link->mtu >= WG_IPV6_MIN_MTU || !has_ipv6_inside(facts, link))
		return;
	wg_check_add(check, WG_CHECK_ERROR, "mtu-too-small", 0,
		     "the MTU of %" PRIu32 " is below the %u bytes that IPv6 needs (RFC 8200)",
		     link->mtu, WG_IPV6_MIN_MTU);
	wg_check_remedy(check, "MTU = %u in the file, or: ip link set %s mtu %u", WG_IPV6_MIN_MTU,
			facts->name, WG_IPV6_MIN_MTU);
}

/* What is left for inner packets on the way to a peer; 0: not known. */
static uint32_t inner_mtu(const struct wg_facts *facts, size_t peer)
{
	const struct wg_config_peer *config = &facts->status.config.peers[peer];
	uint32_t outer = config->endpoint.ip.family == WG_FAMILY_IPV4 ? WG_PLAN_OUTER_IPV4
								      : WG_PLAN_OUTER_IPV6;

	if (!config->has_endpoint || facts->ways[peer].error || facts->ways[peer].mtu <= outer)
		return 0;
	return facts->ways[peer].mtu - outer;
}

/* Only the narrowest way is told of. */
static void judge_path_mtu(struct wg_check *check, const struct wg_facts *facts,
			   const struct wg_link *link)
{
	char name[WG_DIAGNOSIS_LABEL_LEN];
	uint32_t least = link->mtu;
	size_t narrowest = 0;

	for (size_t i = 0; i < facts->status.config.n_peers; i++) {
		uint32_t mtu = inner_mtu(facts, i);

		if (mtu && mtu < least) {
			least = mtu;
			narrowest = i;
		}
	}
	if (least == link->mtu || (least < WG_IPV6_MIN_MTU && link->mtu == WG_IPV6_MIN_MTU))
		return;
	wg_check_add(check, WG_CHECK_WARNING, "mtu-too-large", 0,
		     "the MTU of %" PRIu32
		     " does not fit into the path to %s, which takes datagrams "
		     "of %" PRIu32 " bytes: large ones are sent in fragments",
		     link->mtu, wg_diagnosis_label(name, &facts->status, narrowest),
		     facts->ways[narrowest].mtu);
	/* Less would be no IPv6 at all; then fragments are the lesser evil. */
	if (least < WG_IPV6_MIN_MTU && has_ipv6_inside(facts, link))
		least = WG_IPV6_MIN_MTU;
	wg_check_remedy(check, "MTU = %" PRIu32 " in the file, or: ip link set %s mtu %" PRIu32,
			least, facts->name, least);
}

static bool has_address(const struct wg_facts *facts, const struct wg_link *link,
			const struct wg_ip *ip)
{
	for (size_t i = 0; i < facts->n_addresses; i++)
		if (facts->addresses[i].link == link->index &&
		    wg_ip_equal(&facts->addresses[i].prefix.ip, ip))
			return true;
	return false;
}

static void judge_addresses(struct wg_check *check, const struct wg_facts *facts,
			    const struct wg_link *link)
{
	char text[WG_PREFIX_TEXT_LEN];

	for (size_t i = 0; facts->conf && i < facts->conf->addresses.n; i++) {
		const struct wg_prefix *address = &facts->conf->addresses.items[i].prefix;

		if (has_address(facts, link, &address->ip))
			continue;
		wg_prefix_format(text, address);
		wg_check_add(check, WG_CHECK_ERROR, "address-missing", 0,
			     "the link does not have the file's address %s", text);
		wg_check_remedy(check, "add it with: ip address add %s dev %s", text, facts->name);
	}
}

static void judge_clock(struct wg_check *check, const struct wg_facts *facts)
{
	if (facts->now_sec >= YOUNGEST_CLOCK)
		return;
	wg_check_add(check, WG_CHECK_ERROR, "clock", 0,
		     "this host's clock is years behind: peers that have seen a later handshake of "
		     "it refuse new ones");
	wg_check_remedy(check, "set it with: date -s, and have it kept right by NTP (timedatectl "
			       "set-ntp true)");
}

static void judge_running(struct wg_check *check, const struct wg_facts *facts)
{
	const struct wg_link *link = wg_hostview_link(&facts->host, facts->name);

	judge_clock(check, facts);
	judge_private_key(check, facts);
	judge_port(check, facts);
	if (judge_link(check, facts, link)) {
		judge_addresses(check, facts, link);
		judge_small_mtu(check, facts, link);
		judge_path_mtu(check, facts, link);
		wg_diagnosis_losses(check, facts);
		wg_diagnosis_host(check, facts, link);
		/* Without a key nothing can be said of peers. */
		if (facts->status.config.has_private_key)
			wg_diagnosis_peers(check, facts);
	}
}

/* What can be seen without asking the tunnel. */
static void judge_hidden(struct wg_check *check, const struct wg_facts *facts)
{
	const struct wg_link *link = wg_hostview_link(&facts->host, facts->name);

	wg_check_add(check, WG_CHECK_WARNING, "not-permitted", 0,
		     "the control socket may not be used, and without it little can be seen");
	wg_check_remedy(check, "run this as root: sudo tuff doctor %s", facts->name);
	judge_clock(check, facts);
	if (judge_link(check, facts, link)) {
		judge_addresses(check, facts, link);
		judge_small_mtu(check, facts, link);
	}
}

void wg_diagnosis_make(struct wg_check *check, const struct wg_facts *facts)
{
	switch (facts->runner) {
	case WG_FACTS_RUNS_NOT:
		judge_absence(check, facts);
		break;
	case WG_FACTS_RUNS_HIDDEN:
		judge_hidden(check, facts);
		break;
	case WG_FACTS_RUNS_FOREIGN:
		wg_check_add(check, WG_CHECK_WARNING, "foreign", 0,
			     "another program than tuff runs it, of which less can be seen");
		wg_check_remedy(check, "look at it with: wg show %s", facts->name);
		break;
	case WG_FACTS_RUNS_TUFF:
		judge_running(check, facts);
		break;
	}
}
