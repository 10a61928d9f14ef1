#include "daemon/tunnel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/secret.h"
#include "ctl/text.h"
#include "daemon/clock.h"
#include "daemon/confdiff.h"
#include "daemon/dns.h"
#include "daemon/hooks.h"
#include "daemon/later.h"
#include "daemon/netapply.h"
#include "daemon/netplan.h"
#include "daemon/readconf.h"
#include "daemon/resolver.h"
#include "daemon/saveconf.h"
#include "daemon/spawn.h"
#include "daemon/workers.h"

/* A peer that let this many initiations go unanswered has its name looked up again. */
#define SILENT_AFTER 3u

enum phase { PHASE_STARTING, PHASE_UP, PHASE_ENDING };

struct wg_tunnel {
	struct wg_loop *loop;
	struct wg_conf conf;
	char *source;
	struct wg_undo *undo;
	struct wg_netlink *netlink;
	struct wg_netplan plan;
	struct wg_resolver *resolver;
	void (*ready)(void *ctx, const struct wg_error *error);
	void *ctx;

	enum phase phase;
	bool hook_runs;  /* a command is under way; ending waits for it */
	bool end_wanted; /* something ended the tunnel while one was */
	bool waits_for_link;
	bool was_up;      /* PostUp began, so PreDown and PostDown are due */
	size_t next_name; /* where to look for the next peer's name */
	int result;
	struct wg_text notes; /* what could not be put back, for who asked for the end */
};

static int take_back(void *ctx, const char *kind, const char *text)
{
	int err = wg_netapply_take_back(kind, text);

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
	if (tunnel->phase == PHASE_STARTING)
		tunnel->ready(tunnel->ctx, error);
	end(tunnel);
}

/* A command ended; whether starting may go on. */
static bool goes_on(struct wg_tunnel *tunnel, const struct wg_error *error)
{
	tunnel->hook_runs = false;
	if (*error->text && tunnel->phase == PHASE_STARTING) {
		fail(tunnel, error);
		return false;
	}
	if (tunnel->end_wanted) {
		end(tunnel);
		return false;
	}
	return true;
}

static void run_hooks(struct wg_tunnel *tunnel, enum wg_conf_hook which, wg_spawn_done *done)
{
	bool keep_going = tunnel->phase == PHASE_ENDING;
	struct wg_error error;

	tunnel->hook_runs = true;
	if (wg_hooks_run(wg_loop_uv(tunnel->loop), &tunnel->conf, which, keep_going, done, tunnel,
			 &error))
		done(tunnel, &error);
}

static void on_post_up(void *ctx, const struct wg_error *error)
{
	struct wg_tunnel *tunnel = ctx;

	if (!goes_on(tunnel, error))
		return;
	tunnel->phase = PHASE_UP;
	tunnel->ready(tunnel->ctx, NULL);
}

static void on_dns(void *ctx, const struct wg_error *error)
{
	struct wg_tunnel *tunnel = ctx;

	if (!goes_on(tunnel, error))
		return;
	tunnel->was_up = true;
	run_hooks(tunnel, WG_CONF_POST_UP, on_post_up);
}

static void set_dns(struct wg_tunnel *tunnel)
{
	struct wg_error error;

	tunnel->hook_runs = true;
	if (wg_dns_up(wg_loop_uv(tunnel->loop), &tunnel->conf, tunnel->undo, on_dns, tunnel,
		      &error)) {
		tunnel->hook_runs = false;
		fail(tunnel, &error);
	}
}

/* Why the engine or its sockets did not become what the file says. */
static void refuse_config(struct wg_error *error, const struct wg_conf *conf, int err)
{
	if (err != -EADDRINUSE || !conf->listen_port_line) {
		wg_error_set(error, err, "%s: keys, peers and sockets: %s", conf->name,
			     strerror(-err));
		return;
	}
	wg_error_set(error, err, "%s:%u: ListenPort %u: %s", conf->file, conf->listen_port_line,
		     conf->config.listen_port, strerror(-err));
	wg_error_hint(error, "another program has this UDP port: see ss -ulpn sport = :%u",
		      conf->config.listen_port);
}

/* Link and sockets are there: now the host may send through them. */
static void on_link_up(void *ctx, int err)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_error error;

	if (!tunnel->waits_for_link || tunnel->phase != PHASE_STARTING)
		return;
	tunnel->waits_for_link = false;
	if (err)
		refuse_config(&error, &tunnel->conf, err);
	else
		err = wg_netapply_host(&tunnel->plan, &tunnel->conf, tunnel->netlink, tunnel->undo,
				       &error);
	if (err)
		fail(tunnel, &error);
	else
		set_dns(tunnel);
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

static int make_plan(const struct wg_tunnel *tunnel, const struct wg_conf *conf,
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

/* What the file says goes to the engine, with the mark that the plan chose. Without a
 * port in the file the usual one is taken, or any. */
static int apply_config(struct wg_tunnel *tunnel, struct wg_conf *conf,
			const struct wg_netplan *plan, struct wg_error *error)
{
	int err;

	conf->config.fwmark = plan->fwmark;
	conf->config.has_fwmark = true;
	conf->config.has_listen_port = conf->listen_port_line != 0;
	err = wg_loop_apply(tunnel->loop, &conf->config);
	if (err) {
		refuse_config(error, conf, err);
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

	if (tunnel->phase != PHASE_STARTING)
		return;
	err = make_plan(tunnel, &tunnel->conf, &tunnel->plan, &error);
	if (!err)
		err = apply_config(tunnel, &tunnel->conf, &tunnel->plan, &error);
	tunnel->waits_for_link = true;
	if (!err)
		err = wg_netapply_link(&tunnel->plan, &tunnel->conf, tunnel->netlink, &error);
	if (err)
		fail(tunnel, &error);
	else if (wg_loop_link_is_up(tunnel->loop))
		on_link_up(tunnel, 0);
}

static void on_found(void *ctx, size_t i, const struct wg_endpoint *endpoint)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_config change;
	struct wg_config_peer *peer;

	tunnel->conf.config.peers[i].endpoint = *endpoint;
	tunnel->conf.config.peers[i].has_endpoint = true;
	if (tunnel->phase == PHASE_STARTING && !tunnel->plan.link)
		return; /* it goes in with all the rest */
	wg_config_init(&change);
	peer = wg_config_add_peer(&change);
	if (peer) {
		memcpy(peer->public_key, tunnel->conf.config.peers[i].public_key, WG_KEY_LEN);
		peer->update_only = true;
		peer->endpoint = *endpoint;
		peer->has_endpoint = true;
		wg_loop_apply(tunnel->loop, &change);
	}
	wg_config_deinit(&change);
}

static int start_resolver(struct wg_tunnel *tunnel)
{
	const struct wg_resolver_handler handler = {on_found, on_first_round, tunnel};

	return wg_resolver_new(&tunnel->resolver, wg_loop_uv(tunnel->loop), &tunnel->conf,
			       &handler);
}

static void on_pre_up(void *ctx, const struct wg_error *error)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_error failure;
	int err;

	if (!goes_on(tunnel, error))
		return;
	err = start_resolver(tunnel);
	if (!err)
		return;
	wg_error_set(&failure, err, "%s: look up names: %s", tunnel->conf.name, strerror(-err));
	fail(tunnel, &failure);
}

static void on_turned(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;

	if (!tunnel->resolver || tunnel->phase != PHASE_UP)
		return;
	for (size_t i = 0; wg_resolver_names(tunnel->resolver) && i < tunnel->conf.n_peers; i++) {
		struct wg_config_health health;

		if (tunnel->conf.peers[i].endpoint_host &&
		    wg_device_health(wg_loop_device(tunnel->loop),
				     tunnel->conf.config.peers[i].public_key, &health) &&
		    health.initiations_sent && health.initiations_sent % SILENT_AFTER == 0)
			wg_resolver_again(tunnel->resolver, i);
	}
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
	if (tunnel->phase == PHASE_ENDING)
		return;
	if (tunnel->hook_runs) {
		tunnel->end_wanted = true;
		return;
	}
	tunnel->phase = PHASE_ENDING;
	wg_resolver_close(tunnel->resolver);
	tunnel->resolver = NULL;
	/* Whoever called may be in the midst of something that the end takes away. */
	if (wg_later(wg_loop_uv(tunnel->loop), begin_end, tunnel))
		begin_end(tunnel);
}

static void on_ending(void *ctx, int result, const char *why)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_error error;

	if (tunnel->phase == PHASE_STARTING) {
		wg_error_set(&error, -ECANCELED, "%s: ended before it was up: %s",
			     tunnel->conf.name, why);
		tunnel->ready(tunnel->ctx, &error);
	}
	if (tunnel->phase != PHASE_ENDING)
		tunnel->result = result;
	end(tunnel);
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
		refuse_config(error, wanted, err);
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
	wg_resolver_close(tunnel->resolver);
	tunnel->resolver = NULL;
	wg_conf_deinit(&tunnel->conf);
	wg_netplan_free(&tunnel->plan);
	tunnel->conf = *conf;
	tunnel->plan = *plan;
	wg_device_set_clamp_mss(wg_loop_device(tunnel->loop), conf->clamp_mss);
	if (start_resolver(tunnel))
		wg_log(WG_LOG_ERROR, "look up names: %s", strerror(ENOMEM));
}

static int reload(struct wg_tunnel *tunnel, struct wg_error *error)
{
	struct wg_netplan plan = {0};
	struct wg_conf wanted;
	int err;

	if (tunnel->phase != PHASE_UP)
		return wg_error_set(error, -EAGAIN, "%s: it is not up yet, or about to end",
				    tunnel->conf.name);
	if (!tunnel->source)
		return wg_error_set(error, -ENOENT, "%s: %s cannot be read a second time",
				    tunnel->conf.name, tunnel->conf.file);
	err = wg_readconf(&wanted, tunnel->source, error);
	if (err)
		return err;
	err = wg_confdiff_keep_found(&tunnel->conf, &wanted);
	if (err)
		wg_error_set(error, err, "%s: %s", wanted.name, strerror(-err));
	else
		err = make_plan(tunnel, &wanted, &plan, error);
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

static char *on_reload(void *ctx, size_t *len)
{
	struct wg_error error;
	struct wg_text text;
	int err = reload(ctx, &error);

	wg_text_init(&text);
	if (err) {
		wg_log(WG_LOG_ERROR, "reload: %s", error.text);
		wg_text_printf(&text, "error=%s\nhint=%s\n", error.text, error.hint);
	} else {
		wg_log(WG_LOG_INFO, "reloaded");
	}
	wg_text_printf(&text, "errno=%d\n\n", -err);
	return wg_text_take(&text, len);
}

static const char *on_peer_name(void *ctx, const uint8_t public_key[static WG_KEY_LEN])
{
	struct wg_tunnel *tunnel = ctx;
	size_t n = tunnel->conf.n_peers;

	/* All are asked for in turn, and nearly always in the file's order: so the next
	 * one is most likely behind the last one. */
	for (size_t i = 0; i < n; i++) {
		size_t at = (tunnel->next_name + i) % n;

		if (!memcmp(tunnel->conf.config.peers[at].public_key, public_key, WG_KEY_LEN)) {
			tunnel->next_name = at + 1;
			return tunnel->conf.peers[at].name;
		}
	}
	return NULL;
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
		.reload = on_reload,
		.turned = on_turned,
		.peer_name = on_peer_name,
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
	tunnel->ready = options->ready;
	tunnel->ctx = options->ctx;
	wg_text_init(&tunnel->notes);
	wg_loop_set_owner(loop, &owner);
	*out = tunnel;
	return wg_later(wg_loop_uv(loop), start, tunnel);
}

void wg_tunnel_free(struct wg_tunnel *tunnel)
{
	wg_netlink_close(tunnel->netlink);
	wg_netplan_free(&tunnel->plan);
	wg_conf_deinit(&tunnel->conf);
	wg_text_deinit(&tunnel->notes);
	free(tunnel->source);
	free(tunnel);
}
