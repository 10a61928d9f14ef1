/* `tuff reload NAME`: has a running tunnel read its file again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ask.h"
#include "daemon/command.h"
#include "daemon/report.h"

/* It is "errno=0", or "error=", "hint=" and another number. */
static int report_answer(const char *name, char *answer)
{
	char *rest = answer;
	const char *text;
	const char *hint;
	struct wg_error error;

	if (!strncmp(answer, "errno=0\n", strlen("errno=0\n")))
		return WG_EXIT_DONE;
	text = wg_ask_value(&rest, "error");
	hint = text ? wg_ask_value(&rest, "hint") : NULL;
	if (text)
		wg_error_set(&error, -EINVAL, "%s", text);
	else
		wg_error_set(&error, -EPROTO, "%s: another program than tuff runs it", name);
	if (hint && *hint)
		wg_error_hint(&error, "%s", hint);
	return wg_report(WG_EXIT_FAILED, &error);
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
