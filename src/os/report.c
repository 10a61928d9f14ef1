#include "os/report.h"

#include <stdbool.h>
#include <stdio.h>

#include "os/logsink.h"

static bool to_journal;

void wg_report_init(void)
{
	to_journal = wg_logsink_is_journal();
}

/* A hint is as urgent as what it belongs to, so that both are found together. */
static void print(enum wg_log_level level, const struct wg_error *error)
{
	if (!to_journal) {
		wg_error_print(error, stderr);
		return;
	}
	fprintf(stderr, "<%d>tuff: %s\n", (int)level, error->text);
	if (error->hint[0])
		fprintf(stderr, "<%d>hint: %s\n", (int)level, error->hint);
}

int wg_report(enum wg_exit status, const struct wg_error *error)
{
	print(WG_LOG_ERROR, error);
	return (int)status;
}

void wg_report_at(enum wg_log_level level, const struct wg_error *error)
{
	print(level, error);
}
