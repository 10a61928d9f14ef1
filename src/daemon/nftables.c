#include "daemon/nftables.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/text.h"

#define LIBRARY "libnftables.so.1"

/* NFT_CTX_OUTPUT_STATELESS, NFT_CTX_OUTPUT_TERSE */
#define LISTING_FLAGS (1u << 2 | 1u << 11)

/* More rules than anybody reads. */
#define MAX_OUTPUT (4u << 20)

/* How the child tells what went wrong. */
enum { CHILD_DONE = 0, CHILD_REFUSED = 1, CHILD_NO_LIBRARY = 2 };

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

/* In the child: runs the commands, and writes what nftables says to out, be it what was
 * asked for or an error's first line. */
static int run_child(const char *commands, int out)
{
	struct library library;
	struct nft_ctx *ctx;
	const char *said;
	bool failed;

	if (!load(&library))
		return CHILD_NO_LIBRARY;
	ctx = library.ctx_new(0);
	if (!ctx)
		return CHILD_NO_LIBRARY;
	library.buffer_error(ctx);
	library.buffer_output(ctx);
	library.set_flags(ctx, LISTING_FLAGS);
	failed = library.run(ctx, commands) != 0;
	said = failed ? library.get_error(ctx) : library.get_output(ctx);
	if (said && !write_all(out, said, failed ? strcspn(said, "\n") : strlen(said)))
		return CHILD_NO_LIBRARY;
	return failed ? CHILD_REFUSED : CHILD_DONE;
}

static void read_all(int fd, struct wg_text *text)
{
	char chunk[4096];
	ssize_t n;

	do {
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0 && text->len < MAX_OUTPUT)
			wg_text_add(text, chunk, (size_t)n);
	} while (n > 0 || (n < 0 && errno == EINTR));
}

static int judge(int status, const struct wg_text *said, struct wg_error *error)
{
	const char *text = said->data ? said->data : "";

	if (said->failed)
		return wg_error_set(error, -ENOMEM, "nftables: %s", strerror(ENOMEM));
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_DONE)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_NO_LIBRARY)
		return wg_error_set(error, -EOPNOTSUPP, "nftables: %s is not installed", LIBRARY);
	if (strstr(text, "No such file or directory"))
		return wg_error_set(error, -ENOENT, "nftables: %s", text);
	return wg_error_set(error, -EOPNOTSUPP, "nftables: %s",
			    *text ? text : "the kernel refuses them");
}

/* What nftables says is added to said. */
static int run(const char *commands, struct wg_text *said, struct wg_error *error)
{
	int status = 0;
	int fds[2];
	pid_t pid;

	if (pipe(fds))
		return wg_error_set(error, -errno, "nftables: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		/* Who comes to put things back must not be overtaken by it. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[0]);
		_exit(run_child(commands, fds[1]));
	}
	close(fds[1]);
	read_all(fds[0], said);
	close(fds[0]);
	if (pid < 0)
		return wg_error_set(error, -EAGAIN, "nftables: no process can be started");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return judge(status, said, error);
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
