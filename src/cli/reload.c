/* `tuff reload NAME`: has a running tunnel read its file again. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "ctl/ask.h"
#include "os/report.h"

static int report_foreign(const char *name)
{
	struct wg_error error;

	wg_error_set(&error, -EPROTO, "%s: another program than tuff runs it", name);
	return wg_report(WG_EXIT_FAILED, &error);
}

/* Lines in pairs, "warning=" and "hint=" as often as there are any, "error=" and "hint=" if
 * it failed; then "errno=". */
static int report_answer(const char *name, char *answer)
{
	bool failed = false;
	bool understood = false;
	char *line;

	while (!understood && (line = strsep(&answer, "\n"))) {
		bool warns = !strncmp(line, "warning=", strlen("warning="));
		bool fails = !strncmp(line, "error=", strlen("error="));
		struct wg_error error;
		char *hint;

		understood = !strncmp(line, "errno=", strlen("errno="));
		if (!warns && !fails)
			continue;
		wg_error_set(&error, -EINVAL, "%s", strchr(line, '=') + 1);
		hint = strsep(&answer, "\n");
		if (hint && !strncmp(hint, "hint=", strlen("hint=")) && hint[strlen("hint=")])
			wg_error_hint(&error, "%s", hint + strlen("hint="));
		wg_report_at(fails ? WG_LOG_ERROR : WG_LOG_WARNING, &error);
		failed |= fails;
	}
	if (understood && (failed || !strcmp(line, "errno=0")))
		return failed ? WG_EXIT_FAILED : WG_EXIT_DONE;
	return report_foreign(name);
}

static int reload(const char *name)
{
	struct wg_error error;
	char *answer;
	size_t len;
	int status;

	if (wg_ask(name, "reload=1", &answer, &len, NULL, &error))
		return wg_report(WG_EXIT_FAILED, &error);
	status = report_answer(name, answer);
	free(answer);
	return status;
}

int wg_command_reload(int argc, char **argv)
{
	char name[WG_CONF_LINK_LEN];
	int status = wg_command_name(name, argc, argv);

	return status == WG_EXIT_DONE ? reload(name) : status;
}
