/* `tuff reload NAME`: has a running tunnel read its file again. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "ctl/answer.h"
#include "ctl/ask.h"
#include "os/report.h"

static int report_foreign(const char *name)
{
	struct wg_error error;

	wg_error_set(&error, -EPROTO, "%s: another program than tuff runs it", name);
	return wg_report(WG_EXIT_FAILED, &error);
}

/* The line's text, with the hint that follows it. */
static void report_line(enum wg_log_level level, const char *what, char **rest)
{
	struct wg_error error;
	const char *hint;

	wg_error_set(&error, -EINVAL, "%s", what);
	if (*rest && wg_answer_next(rest, &hint) == WG_ANSWER_HINT && *hint)
		wg_error_hint(&error, "%s", hint);
	wg_report_at(level, &error);
}

/* Warnings with their hints, and one error with its hint if it failed; then the errno. */
static int report_answer(const char *name, char *answer)
{
	bool failed = false;

	while (answer) {
		const char *what;
		enum wg_answer_word word = wg_answer_next(&answer, &what);

		if (word == WG_ANSWER_WARNING)
			report_line(WG_LOG_WARNING, what, &answer);
		if (word == WG_ANSWER_ERROR)
			report_line(WG_LOG_ERROR, what, &answer);
		failed |= word == WG_ANSWER_ERROR;
		if (word == WG_ANSWER_ERRNO && (failed || !wg_answer_errno(what)))
			return failed ? WG_EXIT_FAILED : WG_EXIT_DONE;
		if (word == WG_ANSWER_ERRNO)
			break;
	}
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
