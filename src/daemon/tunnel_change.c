/* From what a tunnel is to what its file says, when that has changed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/clock.h"
#include "daemon/confdiff.h"
#include "daemon/netapply.h"
#include "daemon/portholder.h"
#include "daemon/readconf.h"
#include "daemon/tunnel_parts.h"
#include "daemon/workers.h"

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
static int claim_table(const struct wg_tunnel *tunnel, const struct wg_conf *conf,
		       const struct wg_hostview *view, struct wg_netplan *plan,
		       struct wg_error *error)
{
	uint32_t link = plan->link;
	uint32_t table;
	int err;

	if (!plan->table || conf->config.fwmark)
		return 0;
	err = wg_undo_table_claim(tunnel->undo, plan->table, &table, error);
	if (err || table == plan->table)
		return err;
	wg_netplan_free(plan);
	return wg_netplan_make(plan, conf, view, link, table, error);
}

int wg_tunnel_make_plan(const struct wg_tunnel *tunnel, const struct wg_conf *conf,
			struct wg_netplan *plan, struct wg_error *error)
{
	struct wg_hostview view;
	const struct wg_link *link;
	int err = wg_hostview_read(&view, tunnel->netlink);

	if (err)
		return wg_error_set(error, err, "%s: look at the network: %s", conf->name,
				    strerror(-err));
	link = wg_hostview_link(&view, conf->name);
	if (link)
		err = wg_netplan_make(plan, conf, &view, link->index, tunnel->plan.table, error);
	else
		err = wg_error_set(error, -ENODEV, "%s: the link is gone", conf->name);
	if (!err)
		err = claim_table(tunnel, conf, &view, plan, error);
	wg_hostview_free(&view);
	return err;
}

static int apply_difference(struct wg_tunnel *tunnel, const struct wg_conf *before,
			    struct wg_conf *wanted, const struct wg_netplan *plan,
			    struct wg_error *error)
{
	struct wg_config running;
	struct wg_config change;
	int err;

	wg_config_init(&running);
	wg_config_init(&change);
	wanted->config.fwmark = plan->fwmark;
	err = wg_device_describe(wg_loop_device(tunnel->loop), &running, wg_clock_now());
	if (!err)
		err = wg_confdiff_make(&change, &running, before, wanted);
	if (!err)
		err = wg_loop_apply(tunnel->loop, &change);
	if (err)
		wg_tunnel_refuse_config(error, wanted, err);
	wg_config_deinit(&change);
	wg_config_deinit(&running);
	return err;
}

/* The host and the engine go to a new file's state, or stay where they are. The host
 * comes first, since more can fail there, and a peer that was removed from the engine
 * would come back without its session. */
static int change_to(struct wg_tunnel *tunnel, struct wg_conf *wanted, struct wg_netplan *plan,
		     struct wg_error *error)
{
	const struct wg_netplan *before = &tunnel->plan;
	struct wg_error ignored;
	int err = wg_netapply_add(before, &tunnel->conf, plan, wanted, tunnel->netlink,
				  tunnel->undo, error);

	if (!err)
		err = apply_difference(tunnel, &tunnel->conf, wanted, plan, error);
	if (!err) {
		wg_netapply_remove(before, &tunnel->conf, plan, wanted, tunnel->netlink,
				   tunnel->undo);
		return 0;
	}
	wg_netapply_add(plan, wanted, before, &tunnel->conf, tunnel->netlink, tunnel->undo,
			&ignored);
	wg_netapply_remove(plan, wanted, before, &tunnel->conf, tunnel->netlink, tunnel->undo);
	return err;
}

static void change_workers(struct wg_tunnel *tunnel, const struct wg_conf *conf)
{
	int n = conf->workers_auto ? WG_WORKERS_AUTO : (int)conf->workers;
	int err;

	if (conf->workers_auto == tunnel->conf.workers_auto &&
	    conf->workers == tunnel->conf.workers)
		return;
	err = wg_loop_set_workers(tunnel->loop, n);
	if (err)
		wg_log(WG_LOG_ERROR, "start the workers: %s; going on without", strerror(-err));
}

static void adopt(struct wg_tunnel *tunnel, const struct wg_conf *conf,
		  const struct wg_netplan *plan)
{
	change_workers(tunnel, conf);
	wg_tunnel_forget_names(tunnel);
	wg_conf_deinit(&tunnel->conf);
	wg_netplan_free(&tunnel->plan);
	tunnel->conf = *conf;
	tunnel->plan = *plan;
	wg_device_set_clamp_mss(wg_loop_device(tunnel->loop), conf->clamp_mss);
	if (wg_tunnel_start_names(tunnel))
		wg_log(WG_LOG_ERROR, "look up names: %s", strerror(ENOMEM));
}

static void add_warning(void *ctx, const struct wg_error *warning)
{
	wg_log(WG_LOG_WARNING, "%s", warning->text);
	wg_text_printf(ctx, "warning=%s\nhint=%s\n", warning->text, warning->hint);
}

/* What is odd in the file is told to who asked, as tuff up does. */
static int read_again(const struct wg_tunnel *tunnel, struct wg_conf *wanted, struct wg_text *told,
		      struct wg_error *error)
{
	struct wg_check check;
	int err = wg_readconf(wanted, tunnel->source, &check, error);

	if (!err)
		wg_readconf_warn(&check, add_warning, told);
	wg_check_deinit(&check);
	return err;
}

static int reload(struct wg_tunnel *tunnel, struct wg_text *told, struct wg_error *error)
{
	struct wg_netplan plan = {0};
	struct wg_conf wanted;
	int err;

	if (tunnel->phase != WG_TUNNEL_UP)
		return wg_error_set(error, -EAGAIN, "%s: it is not up yet, or about to end",
				    tunnel->conf.name);
	if (!tunnel->source)
		return wg_error_set(error, -ENOENT, "%s: %s cannot be read a second time",
				    tunnel->conf.name, tunnel->conf.file);
	err = read_again(tunnel, &wanted, told, error);
	if (err)
		return err;
	err = wg_confdiff_keep_found(&tunnel->conf, &wanted);
	if (err)
		wg_error_set(error, err, "%s: %s", wanted.name, strerror(-err));
	else
		err = wg_tunnel_make_plan(tunnel, &wanted, &plan, error);
	if (!err) {
		wg_netplan_keep_rules(&plan, &tunnel->plan);
		err = change_to(tunnel, &wanted, &plan, error);
	}
	if (!err) {
		adopt(tunnel, &wanted, &plan);
		return 0;
	}
	wg_netplan_free(&plan);
	wg_conf_deinit(&wanted);
	return err;
}

char *wg_tunnel_on_reload(void *ctx, size_t *len)
{
	struct wg_error error;
	struct wg_text text;
	int err;

	wg_text_init(&text);
	err = reload(ctx, &text, &error);
	if (err) {
		wg_log(WG_LOG_ERROR, "reload: %s", error.text);
		wg_text_printf(&text, "error=%s\nhint=%s\n", error.text, error.hint);
	} else {
		wg_log(WG_LOG_INFO, "reloaded");
	}
	wg_text_printf(&text, "errno=%d\n\n", -err);
	return wg_text_take(&text, len);
}
