#include "os/logsink.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/bytes.h"

static char tunnel[IF_NAMESIZE];

/* Errors that are logged name their tunnel themselves, for who reads them elsewhere. */
static const char *unnamed(const char *text)
{
	size_t len = strlen(tunnel);

	return !strncmp(text, tunnel, len) && !strncmp(text + len, ": ", 2) ? text + len + 2 : text;
}

static void write_plain(enum wg_log_level level, const char *text)
{
	(void)level;
	fprintf(stderr, "tuff: %s: %s\n", tunnel, unnamed(text));
}

static void write_journal(enum wg_log_level level, const char *text)
{
	fprintf(stderr, "<%d>%s: %s\n", (int)level, tunnel, unnamed(text));
}

static void write_syslog(enum wg_log_level level, const char *text)
{
	syslog((int)level, "%s: %s", tunnel, unnamed(text));
}

/* Whether standard error is the stream that systemd connected to the journal: systemd
 * says which by device and inode (systemd.exec(5), $JOURNAL_STREAM), since a shell in
 * between may have redirected it. */
bool wg_logsink_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev;
	unsigned long long ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	       !fstat(STDERR_FILENO, &st) && st.st_dev == dev && st.st_ino == ino;
}

void wg_logsink_open(const char *name, bool foreground, enum wg_log_level level)
{
	snprintf(tunnel, sizeof(tunnel), "%s", name);
	if (!foreground) {
		openlog("tuff", LOG_PID, LOG_DAEMON);
		wg_log_init(write_syslog, level);
	} else if (wg_logsink_is_journal()) {
		wg_log_init(write_journal, level);
	} else {
		wg_log_init(write_plain, level);
	}
}

enum wg_log_level wg_logsink_level(const char *text)
{
	static const struct {
		const char *text;
		enum wg_log_level level;
	} levels[] = {
		{"silent", WG_LOG_SILENT},
		{"error", WG_LOG_ERROR},
		{"verbose", WG_LOG_DEBUG},
		{"debug", WG_LOG_DEBUG},
	};

	for (size_t i = 0; text && i < WG_ARRAY_LEN(levels); i++)
		if (!strcmp(text, levels[i].text))
			return levels[i].level;
	return WG_LOG_NOTICE;
}
