/* What a command tells the person who called it: one error line, a hint, an exit
 * status. Where the journal reads standard error, each line has its priority, as
 * sd-daemon(3) wants it. */
#ifndef WG_OS_REPORT_H
#define WG_OS_REPORT_H

#include "base/error.h"
#include "base/log.h"

/* Exit statuses, the same for every command. */
enum wg_exit {
	WG_EXIT_DONE = 0,
	WG_EXIT_FAILED = 1,
	WG_EXIT_USAGE = 2,
	WG_EXIT_PROBLEMS = 3 /* check and doctor found some */
};

/* Looks who reads standard error. Once, first of all: what goes to the background speaks
 * through a pipe to the one who was called, and its reader is still the same. */
void wg_report_init(void);

/* Prints the error on standard error; returns status. */
int wg_report(enum wg_exit status, const struct wg_error *error);

/* Prints what is no reason to stop. */
void wg_report_at(enum wg_log_level level, const struct wg_error *error);

#endif
