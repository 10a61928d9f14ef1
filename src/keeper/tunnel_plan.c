/* What a tunnel plans for its host, and why what its file says cannot be had. */
#include <errno.h>
#include <string.h>

#include "keeper/tunnel_parts.h"
#include "os/portholder.h"

/* Why the engine or its sockets did not become what the file says. */
void wg_tunnel_refuse_config(struct wg_error *error, const struct wg_conf *conf, int err)
{
	char holder[WG_PORTHOLDER_LEN];

	if (err != -EADDRINUSE || !conf->listen_port_line) {
		wg_error_set(error, err, "%s: keys, peers and sockets: %s", conf->name,
			     strerror(-err));
		return;
	}
	wg_error_set(error, err, "%s:%u: ListenPort %u: %s", conf->file, conf->listen_port_line,
		     conf->config.listen_port, strerror(-err));
	if (wg_portholder_find(holder, conf->config.listen_port))
		wg_error_hint(error, "%s has this UDP port", holder);
	else
		wg_error_hint(error, "another program has this UDP port: see ss -ulpn sport = :%u",
			      conf->config.listen_port);
}

/* Another tunnel that comes up just now may have the same table in its plan: the claim
 * decides. */
static int claim_table(const struct wg_tunnel *tunnel, struct wg_plan_source *source,
		       struct wg_plan *plan, struct wg_error *error)
{
	uint32_t table;
	int err;

	if (!plan->table || source->conf->config.fwmark)
		return 0;
	err = wg_undo_table_claim(tunnel->undo, plan->table, &table, error);
	if (err)
		wg_plan_free(plan);
	if (err || table == plan->table)
		return err;
	wg_plan_free(plan);
	source->own_table = table;
	return wg_plan_make(plan, source, error);
}

/* What the tunnel's own packets take is no path of its datagrams. */
struct paths {
	struct wg_netlink *netlink;
	uint32_t link;
};

static uint32_t path_mtu(void *ctx, const struct wg_ip *to, uint32_t mark)
{
	const struct paths *paths = ctx;

	return wg_hostview_path_mtu(paths->netlink, to, mark, paths->link);
}

static int plan_on(const struct wg_tunnel *tunnel, const struct wg_conf *conf,
		   const struct wg_hostview *view, struct wg_plan *plan, struct wg_error *error)
{
	const struct wg_link *link = wg_hostview_link(view, conf->name);
	struct paths paths = {tunnel->netlink, link ? link->index : 0};
	struct wg_plan_source source = {
		.conf = conf,
		.view = view,
		.link = paths.link,
		.own_table = tunnel->plan.table,
		.path_mtu = path_mtu,
		.ctx = &paths,
	};
	int err;

	if (!link)
		return wg_error_set(error, -ENODEV, "%s: the link is gone", conf->name);
	err = wg_plan_make(plan, &source, error);
	return err ? err : claim_table(tunnel, &source, plan, error);
}

int wg_tunnel_make_plan(const struct wg_tunnel *tunnel, const struct wg_conf *conf,
			struct wg_plan *plan, struct wg_error *error)
{
	struct wg_hostview view;
	int err = wg_hostview_read(&view, tunnel->netlink);

	if (err)
		return wg_error_set(error, err, "%s: look at the network: %s", conf->name,
				    strerror(-err));
	err = plan_on(tunnel, conf, &view, plan, error);
	wg_hostview_free(&view);
	return err;
}
