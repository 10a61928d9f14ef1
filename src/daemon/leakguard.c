#include "daemon/leakguard.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIBRARY "libnftables.so.1"
/* How the child tells what went wrong. */
enum { CHILD_DONE = 0, CHILD_REFUSED = 1, CHILD_NO_LIBRARY = 2 };

/* libnftables(3), as far as it is used. */
struct nft_ctx;
struct library {
	struct nft_ctx *(*ctx_new)(uint32_t flags);
	int (*buffer_error)(struct nft_ctx *ctx);
	const char *(*get_error)(struct nft_ctx *ctx);
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
	*(void **)&library->run = dlsym(handle, "nft_run_cmd_from_buffer");
	return library->ctx_new && library->buffer_error && library->get_error && library->run;
}

/* In the child: runs the commands, and writes what nftables says to out. */
static int run_child(const char *commands, int out)
{
	struct library library;
	struct nft_ctx *ctx;
	const char *said;

	if (!load(&library))
		return CHILD_NO_LIBRARY;
	ctx = library.ctx_new(0);
	if (!ctx)
		return CHILD_NO_LIBRARY;
	library.buffer_error(ctx);
	if (!library.run(ctx, commands))
		return CHILD_DONE;
	said = library.get_error(ctx);
	if (said && write(out, said, strcspn(said, "\n")) < 0)
		return CHILD_NO_LIBRARY;
	return CHILD_REFUSED;
}

static size_t read_all(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len + 1 < size) {
		n = read(fd, text + len, size - 1 - len);
		if (n > 0)
			len += (size_t)n;
	}
	text[len] = '\0';
	return len;
}

static int run(const char *commands, struct wg_error *error)
{
	char said[512];
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
	read_all(fds[0], said, sizeof(said));
	close(fds[0]);
	if (pid < 0)
		return wg_error_set(error, -EAGAIN, "nftables: no process can be started");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_DONE)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_NO_LIBRARY)
		return wg_error_set(error, -EOPNOTSUPP, "nftables: %s is not installed", LIBRARY);
	if (strstr(said, "No such file or directory"))
		return wg_error_set(error, -ENOENT, "nftables: %s", said);
	return wg_error_set(error, -EOPNOTSUPP, "nftables: %s",
			    *said ? said : "the kernel refuses them");
}

static const char *family_word(uint8_t family)
{
	return family == WG_FAMILY_IPV4 ? "ip" : "ip6";
}

static void write_table(FILE *file, const struct wg_conf *conf, const struct wg_netplan *plan,
			uint8_t family)
{
	const char *word = family_word(family);
	char address[WG_IP_TEXT_LEN];

	/* Made and emptied first: what a crash left behind is replaced. */
	fprintf(file, "table %s tuff-%s {}\ndelete table %s tuff-%s\ntable %s tuff-%s {\n", word,
		conf->name, word, conf->name, word, conf->name);
	fprintf(file, " chain preraw {\n  type filter hook prerouting priority -300;\n");
	for (size_t i = 0; i < plan->n_addresses; i++)
		if (plan->addresses[i].prefix.ip.family == family)
			fprintf(file,
				"  iifname != \"%s\" %s daddr %s fib saddr type != local drop;\n",
				conf->name, word,
				wg_ip_format(address, &plan->addresses[i].prefix.ip));
	fprintf(file,
		" }\n chain premangle {\n  type filter hook prerouting priority -150;\n"
		"  meta l4proto udp meta mark set ct mark;\n }\n"
		" chain postmangle {\n  type filter hook postrouting priority -150;\n"
		"  meta l4proto udp meta mark %" PRIu32 " ct mark set meta mark;\n }\n}\n",
		plan->fwmark);
}

int wg_leakguard_up(const struct wg_conf *conf, const struct wg_netplan *plan,
		    struct wg_error *error)
{
	char *commands = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&commands, &len);
	int err;

	if (!file)
		return wg_error_set(error, -ENOMEM, "nftables: %s", strerror(ENOMEM));
	if (wg_netplan_uses_rule(plan, WG_FAMILY_IPV4))
		write_table(file, conf, plan, WG_FAMILY_IPV4);
	if (wg_netplan_uses_rule(plan, WG_FAMILY_IPV6))
		write_table(file, conf, plan, WG_FAMILY_IPV6);
	fclose(file);
	err = run(commands, error);
	free(commands);
	return err;
}

static int remove_table(const char *name, uint8_t family, struct wg_error *error)
{
	char command[64];

	snprintf(command, sizeof(command), "delete table %s tuff-%s", family_word(family), name);
	return run(command, error);
}

int wg_leakguard_down(const char *name, struct wg_error *error)
{
	int ipv4 = remove_table(name, WG_FAMILY_IPV4, error);
	int ipv6 = remove_table(name, WG_FAMILY_IPV6, error);

	if (ipv4 && ipv4 != -ENOENT)
		return ipv4;
	/* One of them is enough to have been there. */
	return ipv6 == -ENOENT ? ipv4 : ipv6;
}
