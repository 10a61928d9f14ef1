/* Log lines. Where they go is decided once, by the shell; without a sink they are dropped.
 * Lines that the network can cause are rate-limited by the caller. */
#ifndef WG_BASE_LOG_H
#define WG_BASE_LOG_H

#include <stdbool.h>

#include "base/time.h"

/* Numbers as in syslog(3). */
enum wg_log_level {
	WG_LOG_SILENT = -1,
	WG_LOG_ERROR = 3,
	WG_LOG_WARNING = 4,
	WG_LOG_NOTICE = 5,
	WG_LOG_INFO = 6,
	WG_LOG_DEBUG = 7
};

/* Takes one line without its newline; text is the callee's only during the call. */
typedef void wg_log_sink(enum wg_log_level level, const char *text);

/* Lines above the level are not formatted at all. */
void wg_log_init(wg_log_sink *sink, enum wg_log_level level);

bool wg_log_wants(enum wg_log_level level);

/* Lines longer than 1023 bytes are cut. */
void wg_log(enum wg_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* At most burst lines in each interval; the zero value is a fresh limit. */
struct wg_log_limit {
	wg_time start;
	unsigned int n;
};

#define WG_LOG_LIMIT_INTERVAL (5 * WG_SECOND)
#define WG_LOG_LIMIT_BURST    10u

/* Whether one more line may be logged at now. */
bool wg_log_allow(struct wg_log_limit *limit, wg_time now);

#endif
