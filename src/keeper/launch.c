#include "keeper/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "confine/descriptors.h"
#include "confine/start.h"
#include "keeper/image.h"
#include "pair/socket.h"

extern char **environ;

/* Of the environment the engine gets what is for this program, for the loader and for the
 * sanitizers. */
static bool is_for_engine(const char *variable)
{
	static const char *const names[] = {"TUFF_", "LD_", "ASAN_", "LSAN_", "UBSAN_", "TSAN_"};

	for (size_t i = 0; i < WG_ARRAY_LEN(names); i++)
		if (!strncmp(variable, names[i], strlen(names[i])))
			return true;
	return false;
}

/* Ended by NULL; the texts are the environment's own. NULL: out of memory. */
static char **choose_environment(void)
{
	size_t n = 0;
	char **chosen;

	while (environ[n])
		n++;
	chosen = calloc(n + 1, sizeof(*chosen));
	if (!chosen)
		return NULL;
	n = 0;
	for (char **variable = environ; *variable; variable++)
		if (is_for_engine(*variable))
			chosen[n++] = *variable;
	return chosen;
}

/* Where what libc and sanitizers say at the end goes. In a terminal it would be something
 * that the engine holds besides. */
static int log_descriptor(int null)
{
#ifdef WG_SANITIZED
	(void)null;
	return STDERR_FILENO;
#else
	return null;
#endif
}

static int start(pid_t *pid, int pair, int image, enum wg_confine_mode mode,
		 struct wg_confine_report *report)
{
	static char name[] = "tuff-engine";
	char *argv[] = {name, NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* What comes later has its place: nothing else may get the number. */
	const int fds[WG_CONFINE_N_FIXED] = {
		[WG_CONFINE_FD_TUN] = null,
		[WG_CONFINE_FD_IPV4] = null,
		[WG_CONFINE_FD_IPV6] = null,
		[WG_CONFINE_FD_RECORD] = null,
		[WG_CONFINE_FD_INPUT] = null,
		[WG_CONFINE_FD_OUTPUT] = null,
		[WG_CONFINE_FD_LOG] = log_descriptor(null),
		[WG_CONFINE_FD_PAIR] = pair,
	};
	struct wg_confine_start how = {
		.mode = mode,
		.executable = image,
		.argv = argv,
		.envp = choose_environment(),
		.fds = fds,
		.n_fds = WG_ARRAY_LEN(fds),
	};
	int error = -ENOMEM;

	if (null < 0)
		error = -errno;
	else if (how.envp)
		error = wg_confine_start(&how, pid, report);
	if (null >= 0)
		close(null);
	free((void *)how.envp);
	return error;
}

int wg_launch(pid_t *pid, int *fd, enum wg_confine_mode mode, struct wg_confine_report *report)
{
	int image = wg_image_open();
	int fds[2];
	int error;

	wg_confine_report_init(report, mode);
	if (image < 0)
		return image;
	error = wg_pair_socket_open(fds);
	if (!error) {
		*fd = fds[WG_PAIR_KEEPER];
		error = start(pid, fds[WG_PAIR_ENGINE], image, mode, report);
		close(fds[WG_PAIR_ENGINE]);
		if (error)
			close(*fd);
	}
	close(image);
	return error;
}
