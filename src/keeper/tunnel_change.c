/* From what a tunnel is to what its file says, when that has changed: steps like those of a
 * tunnel's life (tunnel.c), while that is at its last. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/defaults.h"
#include "base/log.h"
#include "conf/confdiff.h"
#include "conf/readconf.h"
#include "ctl/answer.h"
#include "host/apply.h"
#include "host/leakguard.h"
#include "keeper/tunnel_parts.h"
#include "os/later.h"

enum reload_step { FILE_READ, GUARD_LAID, CHANGED, GUARD_SETTLED, N_STEPS };

/* One under way. From what the file says to what runs it is one step, so that it is all or
 * nothing; before and behind that, commands may change the firewall's rules. */
struct wg_tunnel_reload {
	struct wg_steps steps; /* enum reload_step; their ctx is the tunnel */
	struct wg_conf wanted;
	bool read;           /* wanted holds something */
	struct wg_plan plan; /* the wanted one; once that runs, the one before */
	struct wg_leakguard guard;
	struct wg_text told; /* for who asked */
	struct wg_error error;
	int err;
};

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
	err = wg_runner_describe(wg_loop_runner(tunnel->loop), &running);
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

	if (conf->workers_auto != tunnel->conf.workers_auto ||
	    conf->workers != tunnel->conf.workers)
		wg_runner_set_workers(wg_loop_runner(tunnel->loop), n);
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
	wg_runner_set_clamp_mss(wg_loop_runner(tunnel->loop), conf->clamp_mss);
	if (wg_tunnel_start_names(tunnel))
		wg_log(WG_LOG_ERROR, "look up names: %s", strerror(ENOMEM));
}

static void add_warning(void *ctx, const struct wg_error *warning)
{
	wg_log(WG_LOG_WARNING, "%s", warning->text);
	wg_answer_add(ctx, WG_ANSWER_WARNING, warning->text);
	wg_answer_add(ctx, WG_ANSWER_HINT, warning->hint);
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

	if (!wg_tunnel_is_up(tunnel))
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

/* What is under way is done, or why it failed. */
static void done(struct wg_tunnel_reload *reload, int err, const struct wg_error *error)
{
	if (err && !reload->err) {
		reload->err = err;
		reload->error = *error;
	}
	wg_steps_done(&reload->steps, err ? error : NULL);
}

static void read_file(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_error error;
	int err = prepare(tunnel, tunnel->reload, &error);

	done(tunnel->reload, err, &error);
}

static void on_guard_changed(void *ctx, const struct wg_error *result)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_tunnel_reload *reload = tunnel->reload;
	struct wg_error error;
	int err = wg_leakguard_changed(&tunnel->spawner, &reload->guard, tunnel->undo, result,
				       &error);

	done(reload, err, &error);
}

/* Changes the firewall's rules from one plan's to another's. */
static void change_guard(struct wg_tunnel *tunnel, const struct wg_plan *from,
			 const struct wg_plan *to)
{
	struct wg_tunnel_reload *reload = tunnel->reload;
	struct wg_error error;
	int err;

	reload->guard = (struct wg_leakguard){from, to};
	err = wg_leakguard_change(&tunnel->spawner, &reload->guard, tunnel->undo, on_guard_changed,
				  tunnel, &error);
	if (err)
		done(reload, err, &error);
}

/* Rules that are needed from now on are there before anything is sent; those that are not
 * needed any more stay until then. */
static void lay_guard(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_tunnel_reload *reload = tunnel->reload;

	if (wg_leakguard_guards(&reload->plan))
		change_guard(tunnel, &tunnel->plan, &reload->plan);
	else
		done(reload, 0, NULL);
}

static void change(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_tunnel_reload *reload = tunnel->reload;
	struct wg_error error;
	int err = change_to(tunnel, &reload->wanted, &reload->plan, &error);

	if (!err) {
		adopt(tunnel, &reload->wanted, &reload->plan);
		reload->read = false;
	}
	done(reload, err, &error);
}

/* What could not be changed to needs no rules; what was changed to stays. */
static void put_guard_back(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_tunnel_reload *reload = tunnel->reload;

	if (!wg_steps_reached(&reload->steps, GUARD_SETTLED) && wg_leakguard_guards(&reload->plan))
		change_guard(tunnel, &reload->plan, &tunnel->plan);
	else
		done(reload, 0, NULL);
}

static void settle_guard(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_tunnel_reload *reload = tunnel->reload;

	if (wg_leakguard_guards(&reload->plan) && !wg_leakguard_guards(&tunnel->plan))
		change_guard(tunnel, &reload->plan, &tunnel->plan);
	else
		done(reload, 0, NULL);
}

static const struct wg_step steps[N_STEPS] = {
	/* begin, back, hurry */
	[FILE_READ] = {read_file, NULL, NULL},
	[GUARD_LAID] = {lay_guard, NULL, wg_tunnel_hurry}, /* when ended, the journal has it */
	[CHANGED] = {change, put_guard_back, wg_tunnel_hurry},
	[GUARD_SETTLED] = {settle_guard, NULL, wg_tunnel_hurry},
};

/* One that has changed the tunnel has not failed, whatever came behind that. */
static void turn_back(void *ctx, const struct wg_error *error)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_tunnel_reload *reload = tunnel->reload;

	if (!error && !wg_steps_reached(&reload->steps, CHANGED))
		reload->err = wg_error_set(&reload->error, -ECANCELED, "%s: it is about to end",
					   tunnel->conf.name);
	wg_steps_back(&reload->steps);
}

static void answer(struct wg_tunnel *tunnel, struct wg_tunnel_reload *reload)
{
	struct wg_text *text = &reload->told;

	if (reload->err) {
		wg_log(WG_LOG_ERROR, "reload: %s", reload->error.text);
		wg_answer_add(text, WG_ANSWER_ERROR, reload->error.text);
		wg_answer_add(text, WG_ANSWER_HINT, reload->error.hint);
	} else {
		wg_log(WG_LOG_INFO, "reloaded");
	}
	wg_answer_end(text, reload->err);
	if (text->failed)
		wg_loop_reloaded(tunnel->loop, WG_ANSWER_NO_MEMORY, strlen(WG_ANSWER_NO_MEMORY));
	else
		wg_loop_reloaded(tunnel->loop, text->data, text->len);
}

static void reload_free(struct wg_tunnel_reload *reload)
{
	if (reload->read)
		wg_conf_deinit(&reload->wanted);
	wg_plan_free(&reload->plan);
	wg_text_deinit(&reload->told);
	free(reload);
}

static void finish(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_tunnel_reload *reload = tunnel->reload;

	tunnel->reload = NULL;
	answer(tunnel, reload);
	reload_free(reload);
	if (tunnel->reload_wanted) {
		tunnel->reload_wanted = false;
		if (wg_tunnel_on_reload(tunnel)) {
			wg_loop_reload_begins(tunnel->loop);
			wg_loop_reloaded(tunnel->loop, WG_ANSWER_NO_MEMORY,
					 strlen(WG_ANSWER_NO_MEMORY));
		}
	}
	if (wg_steps_is(&tunnel->steps, WG_STEPS_HURRIED, WG_TUNNEL_UP))
		wg_steps_done(&tunnel->steps, NULL);
}

static void begin(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_tunnel_reload *reload = calloc(1, sizeof(*reload));

	tunnel->reload_wanted = false;
	wg_loop_reload_begins(tunnel->loop);
	if (!reload) {
		wg_loop_reloaded(tunnel->loop, WG_ANSWER_NO_MEMORY, strlen(WG_ANSWER_NO_MEMORY));
		return;
	}
	reload->steps = (struct wg_steps){
		.steps = steps, .n = N_STEPS, .turned = turn_back, .over = finish, .ctx = tunnel};
	wg_text_init(&reload->told);
	tunnel->reload = reload;
	wg_steps_begin(&reload->steps);
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

void wg_tunnel_end_reload(void *ctx, const char *why)
{
	struct wg_tunnel *tunnel = ctx;

	if (tunnel->reload)
		wg_steps_end(&tunnel->reload->steps, why);
	else
		wg_steps_done(&tunnel->steps, NULL);
}
