#include "keeper/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/defaults.h"
#include "base/number.h"
#include "crypto/crypto.h"
#include "os/logsink.h"

static int read_fd(int *fd, const char *variable, struct wg_error *error)
{
	const char *text = getenv(variable);
	char *rest;
	unsigned long value;

	*fd = -1;
	if (!text || !*text)
		return 0;
	errno = 0;
	value = strtoul(text, &rest, 10);
	if (*rest || errno || value > INT_MAX || *text == '-' || fcntl((int)value, F_GETFD) < 0) {
		wg_error_set(error, -EINVAL, "environment: %s=%s: not an open descriptor", variable,
			     text);
		wg_error_hint(error, "it is the number of a descriptor that the program inherits");
		return -EINVAL;
	}
	*fd = (int)value;
	return 0;
}

static int read_workers(int *workers, struct wg_error *error)
{
	const char *text = getenv("TUFF_WORKERS");
	uint32_t n;

	*workers = WG_WORKERS_AUTO;
	if (!text || !*text || !strcmp(text, "auto"))
		return 0;
	if (!wg_number_parse(&n, WG_MAX_WORKERS, text)) {
		wg_error_set(error, -EINVAL,
			     "environment: TUFF_WORKERS=%s: neither auto nor a number up to %u",
			     text, WG_MAX_WORKERS);
		wg_error_hint(error, "it is the number of threads besides the first; 0: none");
		return -EINVAL;
	}
	*workers = (int)n;
	return 0;
}

static int read_offloads(struct wg_environment *environment, struct wg_error *error)
{
	const char *text = getenv("TUFF_OFFLOAD");
	int code;

	environment->has_offloads = text && *text;
	code = wg_offloads_parse(&environment->offloads, text, "environment: TUFF_OFFLOAD=", error);
	return code ? code
		    : wg_probe_mode_parse(&environment->probe, getenv("TUFF_OFFLOAD_PROBE"),
					  "environment: TUFF_OFFLOAD_PROBE=", error);
}

static int read_confine(struct wg_environment *environment, struct wg_error *error)
{
	const char *text = getenv("TUFF_CONFINE");

	environment->has_confine = text && *text;
	environment->confine = WG_CONFINE_AUTO;
	if (!environment->has_confine)
		return 0;
	return wg_confine_mode_parse(&environment->confine, text,
				     "environment: TUFF_CONFINE=", error);
}

int wg_environment_read(struct wg_environment *environment, struct wg_error *error)
{
	const char *foreground = getenv("WG_PROCESS_FOREGROUND");
	int code;

	environment->foreground = foreground && !strcmp(foreground, "1");
	environment->log_level = wg_logsink_level(getenv("LOG_LEVEL"));
	code = read_fd(&environment->tun_fd, "WG_TUN_FD", error);
	if (!code)
		code = read_fd(&environment->uapi_fd, "WG_UAPI_FD", error);
	if (!code)
		code = read_offloads(environment, error);
	if (!code)
		code = read_confine(environment, error);
	return code ? code : read_workers(&environment->workers, error);
}

int wg_environment_start_crypto(struct wg_error *error)
{
	const char *aead = getenv("TUFF_AEAD");
	int code;

	if (aead && !*aead)
		aead = NULL;
	code = wg_crypto_init(aead);
	if (code == -ENOENT) {
		wg_error_set(error, code, "environment: TUFF_AEAD=%s: there is no such cipher here",
			     aead);
		wg_error_hint(error, "sodium is everywhere; ipsec-mb needs a processor with AVX2, "
				     "and a tuff that was built with libIPSec_MB");
	} else if (code) {
		wg_error_set(error, code, "start the cryptographic libraries: %s", strerror(-code));
	}
	return code;
}
