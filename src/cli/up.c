/* `tuff up NAME|FILE`: the whole tunnel from one file. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/defaults.h"
#include "base/log.h"
#include "cli/command.h"
#include "conf/readconf.h"
#include "keeper/background.h"
#include "keeper/loop.h"
#include "keeper/setup.h"
#include "keeper/tunnel.h"
#include "os/process.h"
#include "os/report.h"

struct up {
	struct wg_setup setup;
	const char *source;
	char *path; /* of the file, absolute: in the background the folder is another */
	struct wg_conf conf;
	struct wg_undo *undo;
	struct wg_loop *loop;
	bool failed;
};

static int parse_arguments(int argc, char **argv, struct up *up)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-f") || !strcmp(argv[i], "--foreground"))
			up->setup.foreground = true;
		else if (argv[i][0] == '-')
			return wg_command_misused("up", argv[i], "no such option");
		else if (up->source)
			return wg_command_misused("up", argv[i], "one name or file is enough");
		else
			up->source = argv[i];
	}
	return up->source ? WG_EXIT_DONE : wg_command_misused("up", "NAME|FILE", "it is missing");
}

/* Leftovers of a tunnel that was not brought down are put back first. */
static int open_journal(struct up *up, struct wg_error *error)
{
	int err = wg_undo_open(&up->undo, WG_UNDO_DIR, up->conf.name, &wg_tunnel_undo_ops, error);

	if (err == -EBUSY) {
		wg_error_set(error, err, "%s: it is up already", up->conf.name);
		wg_error_hint(error, "see tuff show %s; to apply a changed file: tuff reload %s",
			      up->conf.name, up->conf.name);
	} else if (err == -EROFS || err == -EACCES) {
		wg_error_hint(error, "the folder " WG_UNDO_DIR " must be writable");
	}
	if (err || wg_undo_pending(up->undo) <= 0)
		return err;
	wg_log(WG_LOG_NOTICE, "putting back what an earlier run left behind");
	err = wg_undo_run(up->undo);
	return err ? wg_error_set(error, err, "%s: put back what an earlier run left behind: %s",
				  up->conf.name, strerror(-err))
		   : 0;
}

static void on_ready(void *ctx, const struct wg_error *error)
{
	struct up *up = ctx;

	/* The first reason is the one; what follows from it needs no words. */
	if (error && up->failed)
		return;
	if (error) {
		up->failed = true;
		wg_report(WG_EXIT_FAILED, error);
		return;
	}
	wg_log(WG_LOG_NOTICE, "up, MTU %" PRIu32 ", port %u", wg_loop_link(up->loop)->mtu,
	       wg_loop_sockets(up->loop)->port);
	if (!up->setup.foreground && wg_background_ready())
		wg_loop_stop(up->loop, -EPIPE, "errno=32\n\n");
}

/* In the foreground the log says it, to the same place. */
static void on_warning(void *ctx, const struct wg_error *error)
{
	const struct up *up = ctx;

	if (!up->setup.foreground)
		wg_report_at(WG_LOG_WARNING, error);
}

static int run_tunnel(struct up *up, struct wg_error *error)
{
	const struct wg_tunnel_options options = {
		.conf = &up->conf,
		.source = up->path,
		.undo = up->undo,
		.events = {.ready = on_ready, .warning = on_warning, .ctx = up},
	};
	struct wg_tunnel *tunnel;
	int err = wg_setup_loop(&up->setup, &up->loop, error);

	if (err)
		return err;
	err = wg_tunnel_new(&tunnel, up->loop, &options);
	if (err) {
		wg_loop_free(up->loop);
		return wg_error_set(error, err, "%s: %s", up->setup.name, strerror(-err));
	}
	wg_loop_run(up->loop);
	wg_loop_free(up->loop);
	wg_tunnel_free(tunnel);
	return 0;
}

static int run(struct up *up)
{
	struct wg_error error;
	int err = open_journal(up, &error);

	if (!err)
		err = run_tunnel(up, &error);
	if (up->undo)
		wg_undo_close(up->undo);
	if (err)
		return wg_report(WG_EXIT_FAILED, &error);
	return up->failed ? WG_EXIT_FAILED : WG_EXIT_DONE;
}

/* What the environment does not say, the file may. */
static void take_choices(struct wg_environment *environment, const struct wg_conf *conf)
{
	if (!environment->has_offloads && !conf->offload_auto)
		wg_offloads_want(&environment->offloads, conf->offloads);
	if (environment->workers == WG_WORKERS_AUTO && !conf->workers_auto)
		environment->workers = (int)conf->workers;
	if (!environment->has_confine && conf->confine_line)
		environment->confine = conf->confine;
}

static void print_warning(void *ctx, const struct wg_error *error)
{
	(void)ctx;
	wg_report_at(WG_LOG_WARNING, error);
}

/* Says what is odd in the file, as tuff check does, before anything is done. */
static int read_conf(struct up *up, struct wg_error *error)
{
	struct wg_check check;
	int err = wg_readconf(&up->conf, up->source, &check, error);

	if (!err)
		wg_readconf_warn(&check, print_warning, NULL);
	wg_check_deinit(&check);
	return err;
}

int wg_command_up(int argc, char **argv)
{
	struct up up = {0};
	struct wg_error error;
	int status = parse_arguments(argc, argv, &up);

	if (status != WG_EXIT_DONE)
		return status;
	if (wg_environment_read(&up.setup.environment, &error))
		return wg_report(WG_EXIT_USAGE, &error);
	up.setup.name = up.source;
	up.setup.foreground |= up.setup.environment.foreground;
	/* First of all: then only the process that goes on has ever had the keys. */
	wg_process_prepare();
	if (wg_setup_fork(&up.setup, &error) || read_conf(&up, &error))
		return wg_report(WG_EXIT_FAILED, &error);
	up.setup.name = up.conf.name;
	up.path = realpath(up.conf.file, NULL);
	take_choices(&up.setup.environment, &up.conf);
	if (wg_setup_detach(&up.setup, &error))
		status = wg_report(WG_EXIT_FAILED, &error);
	else
		status = run(&up);
	wg_conf_deinit(&up.conf);
	free(up.path);
	return status;
}
