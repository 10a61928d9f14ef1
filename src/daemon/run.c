/* `tuff [-f] NAME`: makes a link and its control socket, and runs the tunnel. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/background.h"
#include "daemon/command.h"
#include "daemon/environment.h"
#include "daemon/logsink.h"
#include "daemon/loop.h"
#include "daemon/name.h"
#include "daemon/privileged.h"
#include "daemon/process.h"
#include "daemon/refusal.h"
#include "daemon/report.h"

struct run_options {
	bool foreground;
	const char *name;
	struct wg_environment environment;
};

static int refuse_second_name(const char *name)
{
	struct wg_error error;

	wg_error_set(&error, 0, "command line: %s: one name is enough", name);
	wg_error_hint(&error, "usage: tuff [-f] NAME");
	return wg_report(WG_EXIT_USAGE, &error);
}

static int parse_arguments(int argc, char **argv, struct run_options *options)
{
	bool only_names = false;

	for (int i = 0; i < argc; i++) {
		if (only_names || argv[i][0] != '-') {
			if (options->name)
				return refuse_second_name(argv[i]);
			options->name = argv[i];
		} else if (!strcmp(argv[i], "--")) {
			only_names = true;
		} else if (!strcmp(argv[i], "-f") || !strcmp(argv[i], "--foreground")) {
			options->foreground = true;
		} else {
			return wg_command_refuse_option(argv[i]);
		}
	}
	return options->name ? WG_EXIT_DONE : wg_command_refuse_nothing();
}

static int check_name(const char *name)
{
	const char *why = wg_name_refusal(name);
	struct wg_error error;

	if (!why)
		return WG_EXIT_DONE;
	wg_error_set(&error, 0, "%s: name of the link: %s", name, why);
	wg_error_hint(&error, "1 to 15 characters, such as wg0");
	return wg_report(WG_EXIT_USAGE, &error);
}

static int adopt_link(const char *name, int fd, struct wg_tun **tun, struct wg_error *error)
{
	int code = wg_tun_adopt(tun, fd);

	if (!code)
		return 0;
	wg_error_set(error, code, "%s: take over WG_TUN_FD %d: %s", name, fd, strerror(-code));
	wg_error_hint(error, "it must be an open TUN link");
	return code;
}

/* The link, made or taken over. It may have another name than was asked for. */
static int open_link(const struct run_options *options, struct wg_tun **tun,
		     char name[static WG_TUN_NAME_LEN], struct wg_error *error)
{
	int fd = options->environment.tun_fd;
	int code;

	snprintf(name, WG_TUN_NAME_LEN, "%s", options->name);
	if (fd < 0) {
		code = wg_privileged_open_tun(tun, name);
		return code ? wg_refusal_of_link(error, name, code) : 0;
	}
	code = adopt_link(name, fd, tun, error);
	return code ? code : wg_tun_name(*tun, name);
}

static int adopt_control(const char *name, int fd, struct wg_sockfile *file, struct wg_error *error)
{
	int code = wg_sockfile_adopt(file, fd);

	if (!code)
		return 0;
	wg_error_set(error, code, "%s: take over WG_UAPI_FD %d: %s", name, fd, strerror(-code));
	wg_error_hint(error, "it must be a Unix socket that listens at a path");
	return code;
}

static int open_control(const struct run_options *options, const char *name,
			struct wg_loop_options *loop, struct wg_error *error)
{
	char path[sizeof(loop->control_file.path)];
	int fd = options->environment.uapi_fd;
	int code;

	loop->control_fd = fd;
	if (fd >= 0)
		return adopt_control(name, fd, &loop->control_file, error);
	code = wg_sockfile_place(path, WG_SOCKFILE_FOLDER, name);
	if (!code)
		code = wg_privileged_listen(&loop->control_file, path);
	loop->control_fd = code;
	return code < 0 ? wg_refusal_of_control(error, name, path, code) : 0;
}

static int set_up(const struct run_options *options, struct wg_loop **loop, struct wg_error *error)
{
	struct wg_loop_options parts = {0};
	char name[WG_TUN_NAME_LEN];
	int code = wg_environment_start_crypto(error);

	if (code)
		return code;
	code = open_link(options, &parts.tun, name, error);
	if (code)
		return code;
	parts.name = name;
	code = open_control(options, name, &parts, error);
	if (code) {
		wg_tun_close(parts.tun);
		return code;
	}
	wg_logsink_open(name, options->foreground, options->environment.log_level);
	return wg_loop_new(loop, &parts, error);
}

static int run(const struct run_options *options)
{
	struct wg_loop *loop = NULL;
	struct wg_error error;
	int code = set_up(options, &loop, &error);

	if (code)
		return wg_report(WG_EXIT_FAILED, &error);
	if (!options->foreground)
		code = wg_background_ready();
	if (!code)
		code = wg_loop_run(loop);
	wg_loop_free(loop);
	return code ? WG_EXIT_FAILED : WG_EXIT_DONE;
}

static int go_to_background(const struct run_options *options)
{
	const int keep[] = {options->environment.tun_fd, options->environment.uapi_fd};
	struct wg_error error;
	int code = wg_background_enter(keep, sizeof(keep) / sizeof(keep[0]));

	if (!code)
		return WG_EXIT_DONE;
	wg_error_set(&error, code, "%s: go to the background: %s", options->name, strerror(-code));
	return wg_report(WG_EXIT_FAILED, &error);
}

int wg_command_run(int argc, char **argv)
{
	struct run_options options = {0};
	struct wg_error error;
	int status = parse_arguments(argc, argv, &options);

	if (status == WG_EXIT_DONE)
		status = check_name(options.name);
	if (status != WG_EXIT_DONE)
		return status;
	if (wg_environment_read(&options.environment, &error))
		return wg_report(WG_EXIT_USAGE, &error);
	options.foreground |= options.environment.foreground;
	wg_process_prepare();
	if (!options.foreground)
		status = go_to_background(&options);
	return status == WG_EXIT_DONE ? run(&options) : status;
}
