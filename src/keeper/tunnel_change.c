/* From what a tunnel is to what its file says, when that has changed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/defaults.h"
#include "base/log.h"
#include "conf/confdiff.h"
#include "conf/readconf.h"
#include "host/apply.h"
#include "host/leakguard.h"
#include "keeper/tunnel_parts.h"
#include "os/clock.h"
#include "os/later.h"
#include "os/portholder.h"

#define NO_MEMORY "errno=12\n\n" /* ENOMEM */

/* One under way. From what the file says to what runs it is one step, so that it is all or
 * nothing; before and behind that, commands may change the firewall's rules. */
struct wg_tunnel_reload {
	struct wg_conf wanted;
	bool read; /* wanted holds something */
	struct wg_plan plan;
	struct wg_leakguard guard;
	struct wg_text told; /* for who asked */
	struct wg_error error;
	int err;
};

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

static int apply_difference(struct wg_tunnel *tunnel, const struct wg_conf *before,
			    struct wg_conf *wanted, const struct wg_plan *plan,
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
static int change_to(struct wg_tunnel *tunnel, struct wg_conf *wanted, struct wg_plan *plan,
		     struct wg_error *error)
{
	const struct wg_plan *before = &tunnel->plan;
	struct wg_error ignored;
	int err = wg_apply_add(before, plan, tunnel->netlink, tunnel->undo, error);

	if (!err)
		err = apply_difference(tunnel, &tunnel->conf, wanted, plan, error);
	if (!err) {
		wg_apply_remove(before, plan, tunnel->netlink, tunnel->undo);
		return 0;
	}
	wg_apply_add(plan, before, tunnel->netlink, tunnel->undo, &ignored);
	wg_apply_remove(plan, before, tunnel->netlink, tunnel->undo);
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

/* plan takes what the one before held. */
static void adopt(struct wg_tunnel *tunnel, const struct wg_conf *conf, struct wg_plan *plan)
{
	struct wg_plan before = tunnel->plan;

	change_workers(tunnel, conf);
	wg_tunnel_forget_names(tunnel);
	wg_conf_deinit(&tunnel->conf);
	tunnel->conf = *conf;
	tunnel->plan = *plan;
	*plan = before;
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

/* What the file says now, and a plan of it. */
static int prepare(struct wg_tunnel *tunnel, struct wg_tunnel_reload *reload,
		   struct wg_error *error)
{
	int err;

	if (tunnel->phase != WG_TUNNEL_UP)
		return wg_error_set(error, -EAGAIN, "%s: it is not up yet, or about to end",
				    tunnel->conf.name);
	if (!tunnel->source)
		return wg_error_set(error, -ENOENT, "%s: %s cannot be read a second time",
				    tunnel->conf.name, tunnel->conf.file);
	err = read_again(tunnel, &reload->wanted, &reload->told, error);
	if (err)
		return err;
	reload->read = true;
	err = wg_confdiff_keep_found(&tunnel->conf, &reload->wanted);
	if (err)
		return wg_error_set(error, err, "%s: %s", reload->wanted.name, strerror(-err));
	err = wg_tunnel_make_plan(tunnel, &reload->wanted, &reload->plan, error);
	if (!err)
		wg_plan_keep_rules(&reload->plan, &tunnel->plan);
	return err;
}

static void note_failure(struct wg_tunnel_reload *reload, int err, const struct wg_error *error)
{
	if (reload->err)
		return;
	reload->err = err;
	reload->error = *error;
}

static void reload_free(struct wg_tunnel_reload *reload)
{
	if (reload->read)
		wg_conf_deinit(&reload->wanted);
	wg_plan_free(&reload->plan);
	wg_text_deinit(&reload->told);
	free(reload);
}

static void finish(struct wg_tunnel *tunnel)
{
	struct wg_tunnel_reload *reload = tunnel->reload;
	struct wg_text *text = &reload->told;

	tunnel->reload = NULL;
	if (reload->err) {
		wg_log(WG_LOG_ERROR, "reload: %s", reload->error.text);
		wg_text_printf(text, "error=%s\nhint=%s\n", reload->error.text, reload->error.hint);
	} else {
		wg_log(WG_LOG_INFO, "reloaded");
	}
	wg_text_printf(text, "errno=%d\n\n", -reload->err);
	if (text->failed)
		wg_loop_reloaded(tunnel->loop, NO_MEMORY, strlen(NO_MEMORY));
	else
		wg_loop_reloaded(tunnel->loop, text->data, text->len);
	reload_free(reload);
	if (!tunnel->reload_wanted)
		return;
	tunnel->reload_wanted = false;
	if (wg_tunnel_on_reload(tunnel)) {
		wg_loop_reload_begins(tunnel->loop);
		wg_loop_reloaded(tunnel->loop, NO_MEMORY, strlen(NO_MEMORY));
	}
}

/* Changes the firewall's rules from one plan's to another's; next goes on from there, with
 * what came of it. */
static void change_guard(struct wg_tunnel *tunnel, const struct wg_plan *from,
			 const struct wg_plan *to, wg_spawn_done *next)
{
	struct wg_tunnel_reload *reload = tunnel->reload;
	struct wg_error error;
	int err;

	reload->guard = (struct wg_leakguard){from, to};
	tunnel->hook_runs = true;
	err = wg_leakguard_change(&tunnel->spawner, &reload->guard, tunnel->undo, next, tunnel,
				  &error);
	if (!err)
		return;
	tunnel->hook_runs = false;
	note_failure(reload, err, &error);
	finish(tunnel);
}

/* After the last step: the rules are those of the plan that runs now. */
static void on_guard_settled(void *ctx, const struct wg_error *result)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_error error;
	int err = wg_leakguard_changed(&tunnel->spawner, &tunnel->reload->guard, tunnel->undo,
				       result, &error);

	if (err)
		note_failure(tunnel->reload, err, &error);
	wg_error_init(&error);
	wg_tunnel_goes_on(tunnel, &error);
	finish(tunnel);
}

/* Host and engine change; then rules go of which no use is made any more, or are put back. */
static void carry_out(struct wg_tunnel *tunnel)
{
	struct wg_tunnel_reload *reload = tunnel->reload;
	struct wg_error error;
	int err = change_to(tunnel, &reload->wanted, &reload->plan, &error);

	if (err) {
		note_failure(reload, err, &error);
	} else {
		adopt(tunnel, &reload->wanted, &reload->plan);
		reload->read = false;
	}
	/* What the plan of the reload is now: the one that failed, or that of before. */
	if (wg_leakguard_guards(&reload->plan) && (err || !wg_leakguard_guards(&tunnel->plan)))
		change_guard(tunnel, &reload->plan, &tunnel->plan, on_guard_settled);
	else
		finish(tunnel);
}

static void on_guard_laid(void *ctx, const struct wg_error *result)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_tunnel_reload *reload = tunnel->reload;
	struct wg_error error;
	struct wg_error none;
	int err = wg_leakguard_changed(&tunnel->spawner, &reload->guard, tunnel->undo, result,
				       &error);

	wg_error_init(&none);
	if (!wg_tunnel_goes_on(tunnel, &none))
		err = wg_error_set(&error, -ECANCELED, "%s: it is about to end", tunnel->conf.name);
	if (!err) {
		carry_out(tunnel);
		return;
	}
	note_failure(reload, err, &error);
	finish(tunnel);
}

static void begin(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_tunnel_reload *reload = calloc(1, sizeof(*reload));
	struct wg_error error;
	int err;

	tunnel->reload_wanted = false;
	wg_loop_reload_begins(tunnel->loop);
	if (!reload) {
		wg_loop_reloaded(tunnel->loop, NO_MEMORY, strlen(NO_MEMORY));
		return;
	}
	wg_text_init(&reload->told);
	tunnel->reload = reload;
	err = prepare(tunnel, reload, &error);
	if (err) {
		note_failure(reload, err, &error);
		finish(tunnel);
	} else if (wg_leakguard_guards(&reload->plan)) {
		change_guard(tunnel, &tunnel->plan, &reload->plan, on_guard_laid);
	} else {
		carry_out(tunnel);
	}
}

int wg_tunnel_on_reload(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;
	int err = 0;

	/* One that has yet to read the file will do; and one that has read it is followed. */
	if (!tunnel->reload_wanted && !tunnel->reload)
		err = wg_later(wg_loop_uv(tunnel->loop), begin, tunnel);
	tunnel->reload_wanted |= !err;
	return err;
}
