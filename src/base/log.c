#include "base/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#define LINE_LEN 1024

static wg_log_sink *log_sink;
static enum wg_log_level log_level = WG_LOG_SILENT;

void wg_log_init(wg_log_sink *sink, enum wg_log_level level)
{
	log_sink = sink;
	log_level = level;
}

bool wg_log_wants(enum wg_log_level level)
{
	return log_sink && level <= log_level;
}

void wg_log(enum wg_log_level level, const char *format, ...)
{
	char line[LINE_LEN];
	va_list args;

	if (!wg_log_wants(level))
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log_sink(level, line);
}

bool wg_log_allow(struct wg_log_limit *limit, wg_time now)
{
	if (limit->n == 0 || now - limit->start >= WG_LOG_LIMIT_INTERVAL) {
		limit->start = now;
		limit->n = 0;
	}
	if (limit->n >= WG_LOG_LIMIT_BURST)
		return false;
	limit->n++;
	return true;
}
