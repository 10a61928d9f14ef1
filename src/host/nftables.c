#include "host/nftables.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "crypto/text.h"
#include "host/child.h"
#include "host/input.h"

#define LIBRARY "libnftables.so.1"

/* This program, also when its file was replaced or removed since. */
#define OURSELVES "/proc/self/exe"

/* NFT_CTX_OUTPUT_STATELESS, NFT_CTX_OUTPUT_TERSE */
#define LISTING_FLAGS (1u << 2 | 1u << 11)

/* Seconds. The kernel may have modules to load, and one transaction waits for another. */
#define LIMIT 10u

/* How the process tells what went wrong: behind the usual ones of a program. */
enum { SERVED = 0, REFUSED = 10, NO_LIBRARY = 11, NOT_THERE = 12 };

/* libnftables(3), as far as it is used. */
struct nft_ctx;
struct library {
	struct nft_ctx *(*ctx_new)(uint32_t flags);
	int (*buffer_error)(struct nft_ctx *ctx);
	const char *(*get_error)(struct nft_ctx *ctx);
	int (*buffer_output)(struct nft_ctx *ctx);
	const char *(*get_output)(struct nft_ctx *ctx);
	void (*set_flags)(struct nft_ctx *ctx, unsigned int flags);
	int (*run)(struct nft_ctx *ctx, const char *commands);
};

static bool load(struct library *library)
{
	void *handle = dlopen(LIBRARY, RTLD_NOW);

	if (!handle)
		return false;
	*(void **)&library->ctx_new = dlsym(handle, "nft_ctx_new");
	*(void **)&library->buffer_error = dlsym(handle, "nft_ctx_buffer_error");
	*(void **)&library->get_error = dlsym(handle, "nft_ctx_get_error_buffer");
	*(void **)&library->buffer_output = dlsym(handle, "nft_ctx_buffer_output");
	*(void **)&library->get_output = dlsym(handle, "nft_ctx_get_output_buffer");
	*(void **)&library->set_flags = dlsym(handle, "nft_ctx_output_set_flags");
	*(void **)&library->run = dlsym(handle, "nft_run_cmd_from_buffer");
	return library->ctx_new && library->buffer_error && library->get_error &&
	       library->buffer_output && library->get_output && library->set_flags && library->run;
}

static bool write_all(int fd, const char *text, size_t len)
{
	ssize_t n = 0;

	for (; len && n >= 0; len -= (size_t)n, text += n)
		n = write(fd, text, len);
	return n >= 0;
}

/* Says it on the one line that who started us reads. */
static int say(const char *text, size_t len, int status)
{
	return write_all(STDOUT_FILENO, text, len) ? status : REFUSED;
}

/* What nftables says to the commands is written, be it what was asked for or an error's
 * first line. */
static int serve(const char *commands)
{
	static const char missing[] = LIBRARY " is not installed";
	struct library library;
	struct nft_ctx *ctx = load(&library) ? library.ctx_new(0) : NULL;
	const char *said;

	if (!ctx)
		return say(missing, strlen(missing), NO_LIBRARY);
	library.buffer_error(ctx);
	library.buffer_output(ctx);
	library.set_flags(ctx, LISTING_FLAGS);
	if (!library.run(ctx, commands)) {
		said = library.get_output(ctx);
		return said ? say(said, strlen(said), SERVED) : SERVED;
	}
	said = library.get_error(ctx);
	if (!said || !*said)
		said = "the kernel refuses them";
	return say(said, strcspn(said, "\n"), strstr(said, strerror(ENOENT)) ? NOT_THERE : REFUSED);
}

static int read_and_serve(void)
{
	struct wg_text commands;
	char chunk[4096];
	int status;
	ssize_t n;

	wg_text_init(&commands);
	while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0)
		wg_text_add(&commands, chunk, (size_t)n);
	status = n < 0 || commands.failed || !commands.data ? REFUSED : serve(commands.data);
	wg_text_deinit(&commands);
	return status;
}

void wg_nftables_serve(int argc, char **argv)
{
	char parent[16];

	/* Who comes to put things back must not be overtaken by it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(parent, sizeof(parent), "%d", (int)getppid());
	if (argc != 2 || strcmp(argv[1], parent) != 0 || !wg_input_is(STDIN_FILENO))
		return;
	/* What the library has not freed goes with the process, and nothing is left to write. */
	_exit(read_and_serve());
}

int wg_nftables_start(struct wg_spawner *spawner, const char *what, const char *commands,
		      wg_spawn_done *done, void *ctx)
{
	const struct wg_spawn_options options = {
		.brief = true, .limit = LIMIT, .setter = "the limit", .done = done, .ctx = ctx};
	char us[16];
	char *argv[] = {OURSELVES, WG_NFTABLES_OPTION, us, NULL};
	const struct wg_spawn_command command = {what, "nftables", argv, commands};

	snprintf(us, sizeof(us), "%d", (int)getpid());
	return wg_spawn_run(spawner, &command, 1, &options);
}

static int judge(int result, const struct wg_text *said, struct wg_error *error)
{
	const char *text = said->data ? said->data : "";

	if (said->failed)
		result = -ENOMEM;
	if (result < 0)
		return wg_error_set(error, result, "nftables: %s", strerror(-result));
	if (result == SERVED)
		return 0;
	return wg_error_set(error, result == NOT_THERE ? -ENOENT : -EOPNOTSUPP, "nftables: %s",
			    *text ? text : "they are refused");
}

/* What nftables says is added to said. */
static int run(const char *commands, struct wg_text *said, struct wg_error *error)
{
	char us[16];
	char *argv[] = {OURSELVES, WG_NFTABLES_OPTION, us, NULL};
	const struct wg_child child = {
		.argv = argv, .input = commands, .said = said, .seconds = LIMIT};

	snprintf(us, sizeof(us), "%d", (int)getpid());
	return judge(wg_child_run(&child), said, error);
}

int wg_nftables_run(const char *commands, struct wg_error *error)
{
	struct wg_text said;
	int err;

	wg_text_init(&said);
	err = run(commands, &said, error);
	wg_text_deinit(&said);
	return err;
}

int wg_nftables_list(char **ruleset, size_t *len, struct wg_error *error)
{
	struct wg_text said;
	int err;

	*ruleset = NULL;
	*len = 0;
	wg_text_init(&said);
	wg_text_add(&said, "", 0);
	err = run("list ruleset", &said, error);
	if (!err)
		*ruleset = wg_text_take(&said, len);
	wg_text_deinit(&said);
	return err;
}
