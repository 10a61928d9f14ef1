/* `tuff [-f] NAME`: makes a link and its control socket, and runs the tunnel. */
#include <stdbool.h>
#include <string.h>

#include "cli/command.h"
#include "conf/name.h"
#include "keeper/background.h"
#include "keeper/loop.h"
#include "keeper/setup.h"
#include "os/process.h"
#include "os/report.h"

static int refuse_second_name(const char *name)
{
	struct wg_error error;

	wg_error_set(&error, 0, "command line: %s: one name is enough", name);
	wg_error_hint(&error, "usage: tuff [-f] NAME");
	return wg_report(WG_EXIT_USAGE, &error);
}

static int parse_arguments(int argc, char **argv, struct wg_setup *setup)
{
	bool only_names = false;

	for (int i = 0; i < argc; i++) {
		if (only_names || argv[i][0] != '-') {
			if (setup->name)
				return refuse_second_name(argv[i]);
			setup->name = argv[i];
		} else if (!strcmp(argv[i], "--")) {
			only_names = true;
		} else if (!strcmp(argv[i], "-f") || !strcmp(argv[i], "--foreground")) {
			setup->foreground = true;
		} else {
			return wg_command_refuse_option(argv[i]);
		}
	}
	return setup->name ? WG_EXIT_DONE : wg_command_refuse_nothing();
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

static int run(const struct wg_setup *setup)
{
	struct wg_loop *loop = NULL;
	struct wg_error error;
	int code = wg_setup_loop(setup, &loop, &error);

	if (code)
		return wg_report(WG_EXIT_FAILED, &error);
	if (!setup->foreground)
		code = wg_background_ready();
	if (!code)
		code = wg_loop_run(loop);
	wg_loop_free(loop);
	return code ? WG_EXIT_FAILED : WG_EXIT_DONE;
}

int wg_command_run(int argc, char **argv)
{
	struct wg_setup setup = {0};
	struct wg_error error;
	int status = parse_arguments(argc, argv, &setup);

	if (status == WG_EXIT_DONE)
		status = check_name(setup.name);
	if (status != WG_EXIT_DONE)
		return status;
	if (wg_environment_read(&setup.environment, &error))
		return wg_report(WG_EXIT_USAGE, &error);
	setup.foreground |= setup.environment.foreground;
	wg_process_prepare();
	if (wg_setup_fork(&setup, &error) || wg_setup_detach(&setup, &error))
		return wg_report(WG_EXIT_FAILED, &error);
	return run(&setup);
}
