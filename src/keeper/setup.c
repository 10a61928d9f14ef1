#include "keeper/setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "keeper/background.h"
#include "keeper/newlink.h"
#include "keeper/refusal.h"
#include "os/logsink.h"

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
static int open_link(const struct wg_setup *setup, struct wg_tun **tun,
		     char name[static WG_TUN_NAME_LEN], struct wg_error *error)
{
	int fd = setup->environment.tun_fd;
	int code;

	snprintf(name, WG_TUN_NAME_LEN, "%s", setup->name);
	if (fd < 0) {
		code = wg_newlink_open(tun, name);
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

static int open_control(const struct wg_setup *setup, const char *name,
			struct wg_loop_options *loop, struct wg_error *error)
{
	char path[sizeof(loop->control_file.path)];
	int fd = setup->environment.uapi_fd;
	int code;

	loop->control_fd = fd;
	if (fd >= 0)
		return adopt_control(name, fd, &loop->control_file, error);
	code = wg_sockfile_place(path, WG_SOCKFILE_FOLDER, name);
	if (!code)
		code = wg_sockfile_listen(&loop->control_file, path);
	loop->control_fd = code;
	return code < 0 ? wg_refusal_of_control(error, name, path, code) : 0;
}

int wg_setup_loop(const struct wg_setup *setup, struct wg_loop **loop, struct wg_error *error)
{
	struct wg_loop_options parts = {0};
	char name[WG_TUN_NAME_LEN];
	int code = wg_environment_start_crypto(error);

	if (code)
		return code;
	code = open_link(setup, &parts.tun, name, error);
	if (code)
		return code;
	parts.name = name;
	parts.workers = setup->environment.workers;
	parts.offloads = setup->environment.offloads;
	parts.probe = setup->environment.probe;
	parts.log_level = setup->environment.log_level;
	parts.confine = setup->environment.confine;
	code = open_control(setup, name, &parts, error);
	if (code) {
		wg_tun_close(parts.tun);
		return code;
	}
	wg_logsink_open(name, setup->foreground, setup->environment.log_level);
	return wg_loop_new(loop, &parts, error);
}

static int refuse_background(const struct wg_setup *setup, int code, struct wg_error *error)
{
	return wg_error_set(error, code, "%s: go to the background: %s", setup->name,
			    strerror(-code));
}

int wg_setup_fork(const struct wg_setup *setup, struct wg_error *error)
{
	int code = setup->foreground ? 0 : wg_background_fork();

	return code ? refuse_background(setup, code, error) : 0;
}

int wg_setup_detach(const struct wg_setup *setup, struct wg_error *error)
{
	const int keep[] = {setup->environment.tun_fd, setup->environment.uapi_fd};
	int code = setup->foreground ? 0
				     : wg_background_detach(keep, sizeof(keep) / sizeof(keep[0]));

	return code ? refuse_background(setup, code, error) : 0;
}
