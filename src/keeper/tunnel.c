#include "keeper/tunnel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/secret.h"
#include "host/apply.h"
#include "host/dns.h"
#include "host/hooks.h"
#include "host/leakguard.h"
#include "keeper/saveconf.h"
#include "keeper/tunnel_parts.h"
#include "os/clock.h"
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
		wg_text_printf(notes, "note=%s\n", text);
}

/* The journal is opened before there is a tunnel whose notes they are. */
static struct wg_text *present_notes;

const struct wg_undo_ops wg_tunnel_undo_ops = {
	.take_back = take_back,
	.note = note,
	.ctx = (void *)&present_notes,
};

static void end(struct wg_tunnel *tunnel);

static void fail(struct wg_tunnel *tunnel, const struct wg_error *error)
{
	tunnel->result = -EIO;
	if (tunnel->phase == WG_TUNNEL_STARTING)
		tunnel->events.ready(tunnel->events.ctx, error);
	end(tunnel);
}

static void tell_of_end(struct wg_tunnel *tunnel, const char *why)
{
	struct wg_error error;

	if (tunnel->phase != WG_TUNNEL_STARTING)
		return;
	wg_error_set(&error, -ECANCELED, "%s: ended before it was up: %s", tunnel->conf.name, why);
	tunnel->events.ready(tunnel->events.ctx, &error);
}

bool wg_tunnel_goes_on(struct wg_tunnel *tunnel, const struct wg_error *error)
{
	tunnel->hook_runs = false;
	if (*error->text && tunnel->phase == WG_TUNNEL_STARTING) {
		fail(tunnel, error);
		return false;
	}
	if (tunnel->end_wanted) {
		tell_of_end(tunnel, tunnel->end_reason);
		end(tunnel);
		return false;
	}
	return true;
}

static void run_hooks(struct wg_tunnel *tunnel, enum wg_conf_hook which, wg_spawn_done *done)
{
	bool keep_going = tunnel->phase == WG_TUNNEL_ENDING;
	struct wg_error error;

	tunnel->hook_runs = true;
	if (wg_hooks_run(&tunnel->spawner, &tunnel->conf, which, keep_going, done, tunnel, &error))
		done(tunnel, &error);
}

static void on_post_up(void *ctx, const struct wg_error *error)
{
	struct wg_tunnel *tunnel = ctx;

	if (!wg_tunnel_goes_on(tunnel, error))
		return;
	tunnel->phase = WG_TUNNEL_UP;
	wg_tunnel_warn_of_names(tunnel);
	tunnel->events.ready(tunnel->events.ctx, NULL);
}

static void on_dns(void *ctx, const struct wg_error *error)
{
	struct wg_tunnel *tunnel = ctx;

	if (!wg_tunnel_goes_on(tunnel, error))
		return;
	tunnel->was_up = true;
	run_hooks(tunnel, WG_CONF_POST_UP, on_post_up);
}

static void set_dns(struct wg_tunnel *tunnel)
{
	struct wg_error error;

	tunnel->hook_runs = true;
	if (wg_dns_up(&tunnel->spawner, &tunnel->plan, tunnel->undo, on_dns, tunnel, &error)) {
		tunnel->hook_runs = false;
		fail(tunnel, &error);
	}
}

/* Behind the firewall's rules the host may send. */
static void on_guarded(void *ctx, const struct wg_error *result)
{
	struct wg_tunnel *tunnel = ctx;
	const struct wg_leakguard guard = {.to = &tunnel->plan};
	struct wg_error error;

	wg_error_init(&error);
	wg_leakguard_changed(&tunnel->spawner, &guard, tunnel->undo, result, &error);
	if (!wg_tunnel_goes_on(tunnel, &error))
		return;
	if (wg_apply_host(&tunnel->plan, tunnel->netlink, tunnel->undo, &error))
		fail(tunnel, &error);
	else
		set_dns(tunnel);
}

static void lay_guard(struct wg_tunnel *tunnel)
{
	const struct wg_leakguard guard = {.to = &tunnel->plan};
	struct wg_error error;

	tunnel->hook_runs = true;
	if (!wg_leakguard_change(&tunnel->spawner, &guard, tunnel->undo, on_guarded, tunnel,
				 &error))
		return;
	tunnel->hook_runs = false;
	fail(tunnel, &error);
}

/* Link and sockets are there. */
static void on_link_up(void *ctx, int err)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_error error;

	if (!tunnel->waits_for_link || tunnel->phase != WG_TUNNEL_STARTING)
		return;
	tunnel->waits_for_link = false;
	if (!err) {
		lay_guard(tunnel);
		return;
	}
	wg_tunnel_refuse_config(&error, &tunnel->conf, err);
	fail(tunnel, &error);
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
	wg_device_set_clamp_mss(wg_loop_device(tunnel->loop), conf->clamp_mss);
	return 0;
}

/* The names are known, or not to be had yet: sets the engine and the link. */
static void on_first_round(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_error error;
	int err;

	if (tunnel->phase != WG_TUNNEL_STARTING)
		return;
	err = wg_tunnel_make_plan(tunnel, &tunnel->conf, &tunnel->plan, &error);
	if (!err)
		err = apply_config(tunnel, &tunnel->conf, &tunnel->plan, &error);
	tunnel->waits_for_link = true;
	if (!err)
		err = wg_apply_link(&tunnel->plan, tunnel->netlink, &error);
	if (err)
		fail(tunnel, &error);
	else if (wg_loop_link_is_up(tunnel->loop))
		on_link_up(tunnel, 0);
}

static void on_pre_up(void *ctx, const struct wg_error *error)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_error failure;
	int err;

	if (!wg_tunnel_goes_on(tunnel, error))
		return;
	err = wg_tunnel_start_names(tunnel);
	if (!err)
		return;
	wg_error_set(&failure, err, "%s: look up names: %s", tunnel->conf.name, strerror(-err));
	fail(tunnel, &failure);
}

static void on_post_down(void *ctx, const struct wg_error *error)
{
	struct wg_tunnel *tunnel = ctx;
	const char *farewell;

	(void)error;
	wg_text_printf(&tunnel->notes, "errno=0\n\n");
	farewell = tunnel->notes.failed ? "errno=0\n\n" : tunnel->notes.data;
	wg_loop_stop(tunnel->loop, tunnel->result, farewell);
}

static void save_config(const struct wg_tunnel *tunnel)
{
	struct wg_config running;
	struct wg_error error;
	int err;

	wg_config_init(&running);
	err = wg_device_describe(wg_loop_device(tunnel->loop), &running, wg_clock_now());
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

	(void)error;
	if (tunnel->was_up && tunnel->conf.save_config && tunnel->source)
		save_config(tunnel);
	present_notes = &tunnel->notes;
	/* Here the loop waits for resolvconf and nftables, which have their limits: what is to be
	 * taken back is taken back in its order, with nothing in between, and packets that come
	 * meanwhile are those of a tunnel that is gone. */
	wg_undo_run(tunnel->undo);
	present_notes = NULL;
	wg_loop_drop_link(tunnel->loop);
	if (tunnel->was_up)
		run_hooks(tunnel, WG_CONF_POST_DOWN, on_post_down);
	else
		on_post_down(tunnel, error);
}

static void begin_end(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_error none;

	wg_error_init(&none);
	if (tunnel->was_up)
		run_hooks(tunnel, WG_CONF_PRE_DOWN, on_pre_down);
	else
		on_pre_down(tunnel, &none);
}

/* The way back, from wherever the way there was. */
static void end(struct wg_tunnel *tunnel)
{
	if (tunnel->phase == WG_TUNNEL_ENDING)
		return;
	if (tunnel->hook_runs) {
		tunnel->end_wanted = true;
		return;
	}
	tunnel->end_wanted = false;
	tunnel->phase = WG_TUNNEL_ENDING;
	wg_tunnel_forget_names(tunnel);
	/* Whoever called may be in the midst of something that the end takes away. */
	if (wg_later(wg_loop_uv(tunnel->loop), begin_end, tunnel))
		begin_end(tunnel);
}

static void on_ending(void *ctx, int result, const char *why)
{
	struct wg_tunnel *tunnel = ctx;

	if (tunnel->phase != WG_TUNNEL_ENDING)
		tunnel->result = result;
	if (tunnel->hook_runs) {
		/* A command that hangs must not keep the tunnel from ending. On the way down each
		 * has its time, unless the end is asked for again. */
		tunnel->end_wanted = true;
		snprintf(tunnel->end_reason, sizeof(tunnel->end_reason), "%s", why);
		wg_spawn_stop(&tunnel->spawner, why);
		return;
	}
	tell_of_end(tunnel, why);
	end(tunnel);
}

static void start(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;

	run_hooks(tunnel, WG_CONF_PRE_UP, on_pre_up);
}

int wg_tunnel_new(struct wg_tunnel **out, struct wg_loop *loop,
		  const struct wg_tunnel_options *options)
{
	struct wg_tunnel *tunnel = calloc(1, sizeof(*tunnel));
	const struct wg_loop_owner owner = {
		.ending = on_ending,
		.link_up = on_link_up,
		.reload = wg_tunnel_on_reload,
		.turned = wg_tunnel_on_turned,
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
	tunnel->first_round = on_first_round;
	wg_text_init(&tunnel->notes);
	wg_loop_set_owner(loop, &owner);
	*out = tunnel;
	return wg_later(wg_loop_uv(loop), start, tunnel);
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
