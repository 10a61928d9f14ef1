/* `tuff show [NAME] [--json] [--watch]`. */
#include <errno.h>
#include <glob.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/show.h"
#include "ctl/status.h"
#include "daemon/ask.h"
#include "daemon/command.h"
#include "daemon/readconf.h"
#include "daemon/report.h"
#include "daemon/sockfile.h"

#define SUFFIX ".sock"

struct show {
	const char *source; /* NULL: all tunnels */
	bool json;
	bool watch;
};

static int parse_arguments(int argc, char **argv, struct show *show)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			show->json = true;
		else if (!strcmp(argv[i], "--watch"))
			show->watch = true;
		else if (argv[i][0] == '-')
			return wg_command_misused("show", argv[i], "no such option");
		else if (show->source)
			return wg_command_misused("show", argv[i], "one name is enough");
		else
			show->source = argv[i];
	}
	return WG_EXIT_DONE;
}

/* One tunnel, printed or added to tunnels. */
static int show_one(const struct show *show, const char *name, json_t *tunnels)
{
	struct wg_status status;
	struct wg_error error;
	int code = WG_EXIT_DONE;

	wg_status_init(&status);
	if (wg_ask_status(name, &status, &error))
		code = wg_report(WG_EXIT_FAILED, &error);
	else if (show->json)
		json_array_append_new(tunnels, wg_show_json(name, &status));
	else
		wg_show_text(stdout, name, &status, time(NULL));
	wg_status_deinit(&status);
	return code;
}

/* The link's name, from its control socket's path. */
static void name_of(char name[static WG_CONF_LINK_LEN], const char *path)
{
	const char *base = strrchr(path, '/') + 1;
	size_t len = strlen(base) - strlen(SUFFIX);

	snprintf(name, WG_CONF_LINK_LEN, "%.*s", (int)len, base);
}

static int show_all(const struct show *show, json_t *tunnels)
{
	char name[WG_CONF_LINK_LEN];
	int status = WG_EXIT_DONE;
	glob_t found;

	if (glob(WG_SOCKFILE_FOLDER "/*" SUFFIX, 0, NULL, &found))
		return WG_EXIT_DONE;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		name_of(name, found.gl_pathv[i]);
		if (i && !show->json)
			putchar('\n');
		if (show_one(show, name, tunnels) != WG_EXIT_DONE)
			status = WG_EXIT_FAILED;
	}
	globfree(&found);
	return status;
}

static int show_once(const struct show *show, const char *name)
{
	json_t *tunnels = json_array();
	int status = name ? show_one(show, name, tunnels) : show_all(show, tunnels);

	if (show->json && status == WG_EXIT_DONE) {
		json_t *document = json_pack("{s:i, s:O}", "version", 1, "interfaces", tunnels);

		json_dumpf(document, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(document);
	}
	json_decref(tunnels);
	fflush(stdout);
	return status;
}

/* Redrawn in place on a terminal; one after the other elsewhere. */
static int watch(const struct show *show, const char *name)
{
	const struct timespec second = {.tv_sec = 1};
	int status;

	do {
		if (isatty(STDOUT_FILENO))
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
