/* A plan's MTU. */
#include "base/defaults.h"
#include "host/plan_parts.h"

#define USUAL_MTU 1420u

static bool has_ipv6_inside(const struct wg_conf *conf)
{
	for (size_t i = 0; i < conf->addresses.n; i++)
		if (conf->addresses.items[i].prefix.ip.family == WG_FAMILY_IPV6)
			return true;
	for (size_t i = 0; i < conf->n_peers; i++)
		for (size_t k = 0; k < conf->config.peers[i].n_allowed_ips; k++)
			if (conf->config.peers[i].allowed_ips[k].prefix.ip.family == WG_FAMILY_IPV6)
				return true;
	return false;
}

uint32_t wg_plan_mtu(const struct wg_conf *conf, uint32_t ipv4_path_mtu, uint32_t ipv6_path_mtu)
{
	uint32_t mtu = UINT32_MAX;

	if (conf->mtu)
		return conf->mtu;
	if (ipv4_path_mtu > WG_PLAN_OUTER_IPV4)
		mtu = ipv4_path_mtu - WG_PLAN_OUTER_IPV4;
	if (ipv6_path_mtu > WG_PLAN_OUTER_IPV6 && ipv6_path_mtu - WG_PLAN_OUTER_IPV6 < mtu)
		mtu = ipv6_path_mtu - WG_PLAN_OUTER_IPV6;
	if (mtu == UINT32_MAX)
		mtu = USUAL_MTU;
	if (mtu < WG_IPV6_MIN_MTU && has_ipv6_inside(conf))
		mtu = WG_IPV6_MIN_MTU;
	return mtu < 65535 - WG_PLAN_OUTER_IPV6 ? mtu : 65535 - WG_PLAN_OUTER_IPV6;
}

/* The MTU of the path to each known endpoint, the smallest of a family; 0: none. */
static void path_mtus(const struct wg_plan_draft *draft, uint32_t mtus[static 2])
{
	const struct wg_plan_source *source = draft->source;

	for (size_t i = 0; i < source->conf->n_peers; i++) {
		const struct wg_config_peer *peer = &source->conf->config.peers[i];
		uint32_t *least = &mtus[peer->endpoint.ip.family == WG_FAMILY_IPV6];
		uint32_t mtu = 0;

		if (peer->has_endpoint)
			mtu = source->path_mtu(source->ctx, &peer->endpoint.ip,
					       draft->plan->fwmark);
		if (mtu && (!*least || mtu < *least))
			*least = mtu;
	}
}

void wg_plan_add_mtu(struct wg_plan_draft *draft)
{
	const struct wg_conf *conf = draft->source->conf;
	struct wg_plan_op op = {.kind = WG_PLAN_MTU, .key = "MTU"};
	uint32_t mtus[2] = {0, 0};

	if (conf->mtu)
		op.line = conf->mtu_line;
	else if (draft->source->path_mtu)
		path_mtus(draft, mtus);
	op.mtu = wg_plan_mtu(conf, mtus[0], mtus[1]);
	wg_plan_add(draft, &op);
}
