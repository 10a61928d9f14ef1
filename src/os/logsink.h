/* Where log lines go: standard error in the foreground, syslog in the background. */
#ifndef WG_OS_LOGSINK_H
#define WG_OS_LOGSINK_H

#include <stdbool.h>

#include "base/log.h"

/* Whether standard error is a stream to the journal. */
bool wg_logsink_is_journal(void);

/* Sends log lines about the tunnel name (copied) to their place. Standard error gets
 * priorities as sd-daemon(3) has them when the journal reads it. Each line begins with
 * the name, once. */
void wg_logsink_open(const char *name, bool foreground, enum wg_log_level level);

/* The level that a LOG_LEVEL of wireguard-go's means: silent, error, verbose or debug;
 * NULL and anything else is the normal level. */
enum wg_log_level wg_logsink_level(const char *text);

#endif
