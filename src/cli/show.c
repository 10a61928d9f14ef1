/* `tuff show [NAME] [--brief | --json] [--watch]`. */
#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "conf/readconf.h"
#include "ctl/ask.h"
#include "ctl/show.h"
#include "ctl/sockfile.h"
#include "ctl/status.h"
#include "os/report.h"

#define SUFFIX ".sock"

struct show {
	const char *source; /* NULL: all tunnels */
	bool json;
	bool brief;
	bool watch;
};

static int parse_arguments(int argc, char **argv, struct show *show)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			show->json = true;
		else if (!strcmp(argv[i], "--brief"))
			show->brief = true;
		else if (!strcmp(argv[i], "--watch"))
			show->watch = true;
		else if (argv[i][0] == '-')
			return wg_command_misused("show", argv[i], "no such option");
		else if (show->source)
			return wg_command_misused("show", argv[i], "one name is enough");
		else
			show->source = argv[i];
	}
	if (show->json && show->brief)
		return wg_command_misused("show", "--brief", "JSON has all there is");
	return WG_EXIT_DONE;
}

/* What is printed at a time: one or all tunnels. */
struct output {
	const struct show *show;
	const char *name; /* of the present tunnel */
	int64_t now_sec;
	size_t n_interfaces;
	bool torn; /* it ended in the midst of one */
	struct wg_show_json json;
};

static void begin_json(struct output *output)
{
	wg_show_json_begin(&output->json, stdout, output->show->watch, output->now_sec);
}

static int print_interface(void *ctx, const struct wg_status *status)
{
	struct output *output = ctx;
	bool first = output->n_interfaces++ == 0;

	if (output->show->json) {
		if (first)
			begin_json(output);
		wg_show_json_interface(&output->json, output->name, status);
	} else if (!output->show->brief) {
		if (!first)
			putchar('\n');
		wg_show_interface(stdout, output->name, status);
	}
	return ferror(stdout) ? -EIO : 0;
}

static int print_peer(void *ctx, const struct wg_status *status)
{
	struct output *output = ctx;

	if (output->show->json)
		wg_show_json_peer(&output->json, status, 0);
	else if (output->show->brief)
		wg_show_brief(stdout, output->name, status, 0, output->now_sec);
	else
		wg_show_peer(stdout, status, 0, output->now_sec);
	return ferror(stdout) ? -EIO : 0;
}

/* One tunnel, printed as it is read. */
static int show_one(struct output *output, const char *name)
{
	const struct wg_status_handler handler = {print_interface, print_peer, output};
	size_t before = output->n_interfaces;
	struct wg_error error;

	output->name = name;
	if (!wg_ask_status_by_peer(name, &handler, &error))
		return WG_EXIT_DONE;
	output->torn = output->n_interfaces != before;
	return wg_report(WG_EXIT_FAILED, &error);
}

/* The link's name, from its control socket's path. */
static void name_of(char name[static WG_CONF_LINK_LEN], const char *path)
{
	const char *base = strrchr(path, '/') + 1;
	size_t len = strlen(base) - strlen(SUFFIX);

	snprintf(name, WG_CONF_LINK_LEN, "%.*s", (int)len, base);
}

/* A tunnel that does not answer is left out. */
static int show_all(struct output *output)
{
	char name[WG_CONF_LINK_LEN];
	int status = WG_EXIT_DONE;
	glob_t found;

	if (glob(WG_SOCKFILE_FOLDER "/*" SUFFIX, 0, NULL, &found))
		return WG_EXIT_DONE;
	for (size_t i = 0; i < found.gl_pathc && !output->torn; i++) {
		name_of(name, found.gl_pathv[i]);
		if (show_one(output, name) != WG_EXIT_DONE)
			status = WG_EXIT_FAILED;
	}
	globfree(&found);
	return status;
}

/* A document that was torn stays so: without its end nobody takes it for whole. */
static int end_json(struct output *output, int status)
{
	struct wg_error error;

	if (output->torn || (status != WG_EXIT_DONE && !output->n_interfaces))
		return status;
	if (!output->n_interfaces)
		begin_json(output);
	wg_show_json_end(&output->json);
	if (!output->json.failed)
		return status;
	wg_error_set(&error, -ENOMEM, "show: %s", strerror(ENOMEM));
	return wg_report(WG_EXIT_FAILED, &error);
}

static int show_once(const struct show *show, const char *name)
{
	struct output output = {.show = show, .now_sec = time(NULL)};
	int status = name ? show_one(&output, name) : show_all(&output);

	if (show->json)
		status = end_json(&output, status);
	fflush(stdout);
	return status;
}

/* Redrawn in place on a terminal; one after the other elsewhere. JSON is a document a
 * line, for programs, wherever it goes. */
static int watch(const struct show *show, const char *name)
{
	const struct timespec second = {.tv_sec = 1};
	int status;

	do {
		if (isatty(STDOUT_FILENO) && !show->json)
			fputs("\033[H\033[J", stdout);
		status = show_once(show, name);
	} while (status == WG_EXIT_DONE && !ferror(stdout) && !nanosleep(&second, NULL));
	return status;
}

int wg_command_show(int argc, char **argv)
{
	char name[WG_CONF_LINK_LEN];
	struct show show = {0};
	struct wg_error error;
	int status = parse_arguments(argc, argv, &show);

	if (status != WG_EXIT_DONE)
		return status;
	if (show.source && wg_readconf_name(name, show.source, &error))
		return wg_report(WG_EXIT_USAGE, &error);
	return (show.watch ? watch : show_once)(&show, show.source ? name : NULL);
}
