/* genkey, pubkey and genpsk. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "cli/command.h"
#include "crypto/crypto.h"
#include "crypto/encoding.h"
#include "crypto/secret.h"
#include "crypto/x25519.h"
#include "os/report.h"

/* Whether standard output is a file that others may read. */
static bool is_exposed(void)
{
	struct stat st;

	return !fstat(STDOUT_FILENO, &st) && S_ISREG(st.st_mode) && (st.st_mode & 0007);
}

static int fail(const char *name, const char *what, int code)
{
	struct wg_error error;

	wg_error_set(&error, 0, "%s: %s: %s", name, what, strerror(abs(code)));
	return wg_report(WG_EXIT_FAILED, &error);
}

static bool start(const char *name, int argc, char **argv, int *status)
{
	int error;

	if (argc > 1) {
		*status = wg_command_misused(name, argv[1], "no argument is expected");
		return false;
	}
	error = wg_crypto_init(NULL);
	if (error) {
		*status = fail(name, "start the cryptographic libraries", error);
		return false;
	}
	return true;
}

/* Not stdio: its buffer would keep the key. */
static int print(const char *name, const uint8_t key[static WG_KEY_LEN])
{
	char line[WG_KEY_BASE64_LEN + 2];
	ssize_t n;

	wg_key_encode(line, key);
	line[WG_KEY_BASE64_LEN] = '\n';
	n = write(STDOUT_FILENO, line, WG_KEY_BASE64_LEN + 1);
	wg_wipe(line, sizeof(line));
	if (n == WG_KEY_BASE64_LEN + 1)
		return WG_EXIT_DONE;
	return fail(name, "write standard output", n < 0 ? errno : ENOSPC);
}

static void warn_of_readers(const char *name)
{
	struct wg_error error;

	wg_error_set(&error, 0, "%s: standard output: others can read this file", name);
	wg_error_hint(&error, "(umask 077; tuff %s > FILE)", name);
	wg_report_at(WG_LOG_WARNING, &error);
}

static int print_random(const char *name, bool clamp)
{
	struct wg_random random = wg_crypto_random();
	uint8_t key[WG_KEY_LEN];
	int status;

	if (is_exposed())
		warn_of_readers(name);
	wg_random_fill(&random, key, sizeof(key));
	if (clamp)
		wg_x25519_clamp(key);
	status = print(name, key);
	wg_wipe(key, sizeof(key));
	return status;
}

int wg_command_genkey(int argc, char **argv)
{
	int status;

	return start("genkey", argc, argv, &status) ? print_random("genkey", true) : status;
}

int wg_command_genpsk(int argc, char **argv)
{
	int status;

	return start("genpsk", argc, argv, &status) ? print_random("genpsk", false) : status;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Reads standard input up to its end, or as much as is more than any key has. */
static ssize_t read_text(char *text, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;

	while (len < size - 1 && n > 0) {
		n = read(STDIN_FILENO, text + len, size - 1 - len);
		if (n < 0)
			return -errno;
		len += (size_t)n;
	}
	while (len > 0 && is_space(text[len - 1]))
		len--;
	text[len] = '\0';
	return (ssize_t)len;
}

/* An enum wg_exit; what is not WG_EXIT_DONE was reported. */
static int read_key(uint8_t key[static WG_KEY_LEN])
{
	struct wg_error error;
	char text[256];
	ssize_t len = read_text(text, sizeof(text));
	bool ok = len >= 0 && wg_key_decode(key, text);

	wg_wipe(text, sizeof(text));
	if (ok)
		return WG_EXIT_DONE;
	if (len < 0)
		return fail("pubkey", "read standard input", (int)len);
	wg_error_set(&error, 0, "pubkey: standard input: not a key of 44 characters in base64");
	wg_error_hint(&error, "make one with: tuff genkey");
	return wg_report(WG_EXIT_FAILED, &error);
}

int wg_command_pubkey(int argc, char **argv)
{
	uint8_t private_key[WG_KEY_LEN];
	uint8_t public_key[WG_KEY_LEN];
	int status;

	if (!start("pubkey", argc, argv, &status))
		return status;
	status = read_key(private_key);
	if (status != WG_EXIT_DONE)
		return status;
	wg_x25519_public(public_key, private_key);
	wg_wipe(private_key, sizeof(private_key));
	return print("pubkey", public_key);
}
