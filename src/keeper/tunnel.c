#include "keeper/tunnel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/secret.h"
#include "ctl/answer.h"
#include "host/apply.h"
#include "host/dns.h"
#include "host/hooks.h"
#include "host/leakguard.h"
#include "keeper/saveconf.h"
#include "keeper/tunnel_parts.h"
#include "os/later.h"

static int take_back(void *ctx, const char *kind, const char *text)
{
	int err = wg_leakguard_take_back(kind, text);

	(void)ctx;
	return err == -ENOSYS ? wg_dns_take_back(kind, text) : err;
}

static void note(void *ctx, const char *text)
{
	struct wg_text *notes = *(struct wg_text **)ctx;

	wg_log(WG_LOG_WARNING, "%s", text);
	if (notes)
		wg_answer_add(notes, WG_ANSWER_NOTE, text);
}

/* The journal is opened before there is a tunnel whose notes they are. */
static struct wg_text *present_notes;

const struct wg_undo_ops wg_tunnel_undo_ops = {
	.take_back = take_back,
	.note = note,
	.ctx = (void *)&present_notes,
};

void wg_tunnel_hurry(void *ctx, const char *why)
{
	struct wg_tunnel *tunnel = ctx;

	wg_spawn_stop(&tunnel->spawner, why);
}

/* A command ended, or none was needed; error->text is why it failed, or empty. */
static void on_command(void *ctx, const struct wg_error *error)
{
	struct wg_tunnel *tunnel = ctx;

	wg_steps_done(&tunnel->steps, error);
}

/* On the way back the rest is run, too, when one of them fails. */
static void run_hooks(struct wg_tunnel *tunnel, enum wg_conf_hook which, wg_spawn_done *done)
{
	bool keep_going = tunnel->steps.way == WG_STEPS_BACK;
	struct wg_error error;

	if (wg_hooks_run(&tunnel->spawner, &tunnel->conf, which, keep_going, done, tunnel, &error))
		done(tunnel, &error);
}

static void pre_up(void *ctx)
{
	run_hooks(ctx, WG_CONF_PRE_UP, on_command);
}

/* PostDown is due where PostUp began. */
static void drop_link(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;

	wg_loop_drop_link(tunnel->loop);
	if (wg_steps_reached(&tunnel->steps, WG_TUNNEL_POST_UP))
		run_hooks(tunnel, WG_CONF_POST_DOWN, on_command);
	else
		wg_steps_done(&tunnel->steps, NULL);
}

static void look_up_names(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_error error;
	int err = wg_tunnel_start_names(tunnel);

	if (!err)
		return;
	wg_error_set(&error, err, "%s: look up names: %s", tunnel->conf.name, strerror(-err));
	wg_steps_done(&tunnel->steps, &error);
}

static void forget_names(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;

	wg_tunnel_forget_names(tunnel);
	wg_steps_done(&tunnel->steps, NULL);
}

/* What the file says goes to the engine, with the mark that the plan chose. Without a
 * port in the file the usual one is taken, or any. */
static int apply_config(struct wg_tunnel *tunnel, struct wg_conf *conf, const struct wg_plan *plan,
			struct wg_error *error)
{
	int err;

	conf->config.fwmark = plan->fwmark;
	conf->config.has_fwmark = true;
	conf->config.has_listen_port = conf->listen_port_line != 0;
	err = wg_loop_apply(tunnel->loop, &conf->config);
	if (err) {
		wg_tunnel_refuse_config(error, conf, err);
		return err;
	}
	wg_runner_set_clamp_mss(wg_loop_runner(tunnel->loop), conf->clamp_mss);
	return 0;
}

/* The link and the sockets of the step are there, or the sockets are not to be had. */
static void on_link_up(void *ctx, int err)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_error error;

	if (!wg_steps_is(&tunnel->steps, WG_STEPS_FORTH, WG_TUNNEL_LINK))
		return;
	wg_error_init(&error);
	if (err)
		wg_tunnel_refuse_config(&error, &tunnel->conf, err);
	wg_steps_done(&tunnel->steps, &error);
}

static void set_link(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_error error;
	int err = wg_tunnel_make_plan(tunnel, &tunnel->conf, &tunnel->plan, &error);

	if (!err)
		err = apply_config(tunnel, &tunnel->conf, &tunnel->plan, &error);
	if (!err)
		err = wg_apply_link(&tunnel->plan, tunnel->netlink, &error);
	if (err)
		wg_steps_done(&tunnel->steps, &error);
	else if (wg_loop_link(tunnel->loop)->up)
		on_link_up(tunnel, 0);
}

/* All that is in the journal: what this step and those behind it did to the host. Here the
 * loop waits for resolvconf and nftables, which have their limits: what is to be taken back
 * is taken back in its order, with nothing in between, and packets that come meanwhile are
 * those of a tunnel that is gone. */
static void take_back_journal(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;

	present_notes = &tunnel->notes;
	wg_undo_run(tunnel->undo);
	present_notes = NULL;
	wg_steps_done(&tunnel->steps, NULL);
}

/* Behind the firewall's rules the host may send. */
static void on_guarded(void *ctx, const struct wg_error *result)
{
	struct wg_tunnel *tunnel = ctx;
	const struct wg_leakguard guard = {.to = &tunnel->plan};
	struct wg_error error;
	int err = wg_leakguard_changed(&tunnel->spawner, &guard, tunnel->undo, result, &error);

	if (!err && tunnel->steps.way == WG_STEPS_FORTH)
		err = wg_apply_host(&tunnel->plan, tunnel->netlink, tunnel->undo, &error);
	wg_steps_done(&tunnel->steps, err ? &error : NULL);
}

static void set_host(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;
	const struct wg_leakguard guard = {.to = &tunnel->plan};
	struct wg_error error;

	if (wg_leakguard_change(&tunnel->spawner, &guard, tunnel->undo, on_guarded, tunnel, &error))
		wg_steps_done(&tunnel->steps, &error);
}

static void set_dns(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_error error;

	if (wg_dns_up(&tunnel->spawner, &tunnel->plan, tunnel->undo, on_command, tunnel, &error))
		wg_steps_done(&tunnel->steps, &error);
}

static void post_up(void *ctx)
{
	run_hooks(ctx, WG_CONF_POST_UP, on_command);
}

static void save_config(const struct wg_tunnel *tunnel)
{
	struct wg_config running;
	struct wg_error error;
	int err;

	wg_config_init(&running);
	err = wg_runner_describe(wg_loop_runner(tunnel->loop), &running);
	if (err)
		wg_error_set(&error, err, "%s: SaveConfig: %s", tunnel->source, strerror(-err));
	else
		err = wg_saveconf_write(tunnel->source, &tunnel->conf, &running, &error);
	if (err)
		wg_log(WG_LOG_ERROR, "%s", error.text);
	wg_config_deinit(&running);
}

static void on_pre_down(void *ctx, const struct wg_error *error)
{
	struct wg_tunnel *tunnel = ctx;

	if (tunnel->conf.save_config && tunnel->source)
		save_config(tunnel);
	wg_steps_done(&tunnel->steps, error);
}

static void pre_down(void *ctx)
{
	run_hooks(ctx, WG_CONF_PRE_DOWN, on_pre_down);
}

static void be_up(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;

	wg_tunnel_warn_of_names(tunnel);
	tunnel->events.ready(tunnel->events.ctx, NULL);
}

/* A tunnel's life, read downwards; and then upwards by what takes a step back. */
static const struct wg_step steps[WG_TUNNEL_N_STEPS] = {
	/* begin, back, hurry */
	[WG_TUNNEL_PRE_UP] = {pre_up, drop_link, wg_tunnel_hurry},
	[WG_TUNNEL_NAMES] = {look_up_names, forget_names, NULL},
	[WG_TUNNEL_LINK] = {set_link, take_back_journal, NULL},
	[WG_TUNNEL_HOST] = {set_host, NULL, wg_tunnel_hurry}, /* the journal has it */
	[WG_TUNNEL_DNS] = {set_dns, NULL, wg_tunnel_hurry},   /* and this */
	[WG_TUNNEL_POST_UP] = {post_up, pre_down, wg_tunnel_hurry},
	[WG_TUNNEL_UP] = {be_up, NULL, wg_tunnel_end_reload},
};

static void begin(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;

	wg_steps_begin(&tunnel->steps);
}

static void go_back(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;

	wg_steps_back(&tunnel->steps);
}

/* Whoever ended it may be in the midst of something that the way back takes away. */
static void turn_back(void *ctx, const struct wg_error *error)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_error asked;

	if (error)
		tunnel->result = -EIO;
	wg_error_set(&asked, -ECANCELED, "%s: ended before it was up: %s", tunnel->conf.name,
		     tunnel->end_reason);
	if (!wg_steps_reached(&tunnel->steps, WG_TUNNEL_UP))
		tunnel->events.ready(tunnel->events.ctx, error ? error : &asked);
	if (wg_later(wg_loop_uv(tunnel->loop), go_back, tunnel))
		go_back(tunnel);
}

static void say_farewell(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;

	wg_answer_end(&tunnel->notes, 0);
	wg_loop_stop(tunnel->loop, tunnel->result,
		     tunnel->notes.failed ? WG_ANSWER_DONE : tunnel->notes.data);
}

/* A command that hangs does not keep the tunnel from ending. On the way down each has its
 * time, unless the end is asked for again. */
static void on_ending(void *ctx, int result, const char *why)
{
	struct wg_tunnel *tunnel = ctx;

	if (tunnel->steps.way == WG_STEPS_FORTH || tunnel->steps.way == WG_STEPS_HURRIED) {
		tunnel->result = result;
		snprintf(tunnel->end_reason, sizeof(tunnel->end_reason), "%s", why);
	}
	wg_steps_end(&tunnel->steps, why);
}

int wg_tunnel_new(struct wg_tunnel **out, struct wg_loop *loop,
		  const struct wg_tunnel_options *options)
{
	struct wg_tunnel *tunnel = calloc(1, sizeof(*tunnel));
	const struct wg_loop_owner owner = {
		.ending = on_ending,
		.link_up = on_link_up,
		.reload = wg_tunnel_on_reload,
		.silent = wg_tunnel_on_silent,
		.peer_name = wg_tunnel_on_peer_name,
		.peer_lookup = wg_tunnel_on_peer_lookup,
		.ctx = tunnel,
	};

	if (!tunnel || wg_netlink_open(&tunnel->netlink)) {
		free(tunnel);
		return -ENOMEM;
	}
	tunnel->loop = loop;
	tunnel->conf = *options->conf;
	memset(options->conf, 0, sizeof(*options->conf));
	tunnel->source = options->source ? strdup(options->source) : NULL;
	tunnel->undo = options->undo;
	tunnel->spawner.loop = wg_loop_uv(loop);
	tunnel->events = options->events;
	tunnel->steps = (struct wg_steps){.steps = steps,
					  .n = WG_TUNNEL_N_STEPS,
					  .turned = turn_back,
					  .over = say_farewell,
					  .ctx = tunnel};
	wg_text_init(&tunnel->notes);
	wg_loop_set_owner(loop, &owner);
	*out = tunnel;
	return wg_later(wg_loop_uv(loop), begin, tunnel);
}

void wg_tunnel_free(struct wg_tunnel *tunnel)
{
	wg_netlink_close(tunnel->netlink);
	wg_plan_free(&tunnel->plan);
	wg_tunnel_forget_names(tunnel);
	wg_conf_deinit(&tunnel->conf);
	wg_text_deinit(&tunnel->notes);
	free(tunnel->source);
	free(tunnel);
}
