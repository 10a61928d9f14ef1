/* What a command tells the person who called it: one error line, a hint, an exit
 * status. */
#ifndef WG_DAEMON_REPORT_H
#define WG_DAEMON_REPORT_H

#include "base/error.h"

/* Exit statuses, the same for every command. */
enum wg_exit {
	WG_EXIT_DONE = 0,
	WG_EXIT_FAILED = 1,
	WG_EXIT_USAGE = 2,
	WG_EXIT_PROBLEMS = 3 /* check and doctor found some */
};

/* Prints the error on standard error; returns status. */
static inline int wg_report(enum wg_exit status, const struct wg_error *error)
{
	wg_error_print(error, stderr);
	return (int)status;
}

#endif
