/* Proof of the engine's confinement: a process that is confined as the engine is, and has what
 * the engine has, tries every way out that there is a line for. Only what its descriptors are for
 * may succeed. Each way is tried in processes of their own: without anything, so that it is seen
 * to be one, with each layer alone, so that it is seen which of them stop it, and with all.
 *
 * Usage: breakout            all of it; fails if a way leads out, or nothing is tried
 *        breakout --table    the same, as docs/SECURITY.md has it
 *        breakout --names    only the ways' names */
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "confine/start.h"
#include "engine.h"

static const struct wg_ways *const groups[] = {
	&wg_ways_to_files,  &wg_ways_to_sockets,      &wg_ways_to_processes,
	&wg_ways_to_rights, &wg_ways_into_the_kernel, &wg_ways_by_descriptors,
};

static const char *const columns[WG_BREAKOUT_N_COLUMNS] = {
	"nothing", "namespaces", "capabilities", "Landlock", "limits", "seccomp", "all",
};

static int self;
static int fds[WG_CONFINE_N_FIXED];
static struct wg_breakout target;

/* What came of a way, as a word of the table. */
struct outcome {
	char text[24];
	bool is_out;
};

static const char *name_of(int error)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{EPERM, "EPERM"},
		{EACCES, "EACCES"},
		{ENOSYS, "ENOSYS"},
		{EINVAL, "EINVAL"},
		{ENOENT, "ENOENT"},
		{ESRCH, "ESRCH"},
		{EBADF, "EBADF"},
		{EMFILE, "EMFILE"},
		{EAFNOSUPPORT, "EAFNOSUPPORT"},
		{EPROTONOSUPPORT, "EPROTONOSUPPORT"},
		{ESOCKTNOSUPPORT, "ESOCKTNOSUPPORT"},
		{EFAULT, "EFAULT"},
		{ENOTTY, "ENOTTY"},
		{ENODEV, "ENODEV"},
		{EROFS, "EROFS"},
		{EOPNOTSUPP, "EOPNOTSUPP"},
		{ENOEXEC, "ENOEXEC"},
		{EBUSY, "EBUSY"},
		{EIO, "EIO"},
		{ESTALE, "ESTALE"},
		{ENOKEY, "ENOKEY"},
		{ENOTCONN, "ENOTCONN"},
		{ENOSPC, "ENOSPC"},
		{EAGAIN, "EAGAIN"},
		{EXDEV, "EXDEV"},
		{ENOTDIR, "ENOTDIR"},
		{ENXIO, "ENXIO"},
		{ENETUNREACH, "ENETUNREACH"},
		{EADDRNOTAVAIL, "EADDRNOTAVAIL"},
		{EOVERFLOW, "EOVERFLOW"},
		{EEXIST, "EEXIST"},
		{EFBIG, "EFBIG"},
		{ENOTSOCK, "ENOTSOCK"},
		{ECONNREFUSED, "ECONNREFUSED"},
	};

	for (size_t i = 0; i < WG_ARRAY_LEN(names); i++)
		if (names[i].error == error)
			return names[i].name;
	return NULL;
}

static void judge_word(struct outcome *outcome, const struct wg_way *way,
		       const struct wg_breakout_word *word)
{
	const char *name = name_of(word->error);

	outcome->is_out = !word->trapped && (!word->error || word->error == way->granted);
	if (word->trapped)
		snprintf(outcome->text, sizeof(outcome->text), "trapped");
	else if (outcome->is_out)
		snprintf(outcome->text, sizeof(outcome->text), "done");
	else if (name)
		snprintf(outcome->text, sizeof(outcome->text), "%s", name);
	else
		snprintf(outcome->text, sizeof(outcome->text), "error %d", word->error);
}

static _Noreturn void skip(const char *why)
{
	fprintf(stderr, "skipped: %s: %s\n", why, strerror(errno));
	exit(77);
}

/* Without a word: killed, or another program has taken its place. */
static void judge_status(struct outcome *outcome, int status)
{
	bool is_filtered = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;

	if (WIFEXITED(status) && WEXITSTATUS(status) == WG_BREAKOUT_EXIT_UNCONFINED)
		skip("a layer is not to be had");
	outcome->is_out = WIFEXITED(status) && WEXITSTATUS(status) == 42;
	if (outcome->is_out)
		snprintf(outcome->text, sizeof(outcome->text), "done");
	else if (is_filtered)
		snprintf(outcome->text, sizeof(outcome->text), "killed");
	else
		snprintf(outcome->text, sizeof(outcome->text), "status %#x", (unsigned int)status);
}

static int open_tun(void)
{
	struct ifreq request = {.ifr_name = "tun0", .ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/tmp/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
		skip("a TUN device");
	return fd;
}

static void set_up_link(int socket, const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_UP};

	strcpy(request.ifr_name, name);
	if (ioctl(socket, SIOCSIFFLAGS, &request) < 0)
		skip(name);
}

static int open_udp(int family)
{
	union {
		struct sockaddr any;
		struct sockaddr_in6 room;
	} address = {.any.sa_family = (sa_family_t)family};
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, &address.any, sizeof(address)) < 0)
		skip("a UDP socket");
	return fd;
}

static int open_terminal(void)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0 || unlockpt(master) < 0)
		skip("a terminal");
	return open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
}

static void close_descriptors(void)
{
	for (size_t i = 0; i < WG_ARRAY_LEN(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* In a new network, which takes a while. */
static void open_descriptors(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		skip("a network namespace");
	fds[WG_BREAKOUT_TERMINAL] = open_terminal();
	fds[WG_CONFINE_FD_OUTPUT] = open("/dev/null", O_RDWR | O_CLOEXEC);
	fds[WG_CONFINE_FD_LOG] = fcntl(fds[WG_BREAKOUT_TERMINAL], F_DUPFD_CLOEXEC, 0);
	fds[WG_CONFINE_FD_PAIR] = -1;
	fds[WG_CONFINE_FD_TUN] = open_tun();
	fds[WG_CONFINE_FD_IPV4] = open_udp(AF_INET);
	fds[WG_CONFINE_FD_IPV6] = open_udp(AF_INET6);
	fds[WG_BREAKOUT_OTHER] = open_udp(AF_INET);
	set_up_link(fds[WG_CONFINE_FD_IPV4], "lo");
	set_up_link(fds[WG_CONFINE_FD_IPV4], "tun0");
}

/* A device node that is not the machine's, since its mode will be changed. */
static void make_node(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/tmp", "tmpfs", 0, NULL) < 0 ||
	    mknod("/tmp/tun", S_IFCHR | 0600, makedev(10, 200)) < 0)
		skip("a device of the test's own");
}

static void try_way(size_t group, size_t i, enum wg_breakout_layers layers, struct outcome *outcome)
{
	char numbers[4][24];
	char *const argv[] = {"engine", numbers[0], numbers[1], numbers[2], numbers[3], NULL};
	char *const envp[] = {NULL};
	bool is_outer = layers == WG_BREAKOUT_ALL || layers == WG_BREAKOUT_NAMESPACES;
	struct wg_confine_start start = {.executable = self,
					 .argv = argv,
					 .envp = envp,
					 .fds = fds,
					 .n_fds = WG_CONFINE_N_FIXED};
	struct wg_confine_report report;
	struct wg_breakout_word word;
	int pair[2];
	int status;
	ssize_t n;
	pid_t pid;

	start.mode = layers == WG_BREAKOUT_ALL ? WG_CONFINE_STRICT
		     : is_outer                ? WG_CONFINE_AUTO
					       : WG_CONFINE_OFF;
	snprintf(numbers[0], sizeof(numbers[0]), "%zu", group);
	snprintf(numbers[1], sizeof(numbers[1]), "%zu", i);
	snprintf(numbers[2], sizeof(numbers[2]), "%d", (int)layers);
	snprintf(numbers[3], sizeof(numbers[3]), "%d", (int)target.keeper);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		perror("socketpair");
		exit(1);
	}
	/* Each of these attempts may change what the next one finds. */
	if (groups[group] == &wg_ways_by_descriptors) {
		close_descriptors();
		open_descriptors();
	}
	fds[WG_CONFINE_FD_PAIR] = pair[1];
	status = wg_confine_start(&start, &pid, &report);
	if (status == -EPERM)
		skip("a layer is not to be had");
	if (status) {
		fprintf(stderr, "start: %s\n", strerror(-status));
		exit(1);
	}
	close(pair[1]);
	fds[WG_CONFINE_FD_PAIR] = -1;
	/* Some ways write to the pair, too. */
	do
		n = read(pair[0], &word, sizeof(word));
	while (n > 0 && n != sizeof(word));
	if (n > 0) {
		judge_word(outcome, &groups[group]->ways[i], &word);
		waitpid(pid, NULL, 0);
	} else {
		waitpid(pid, &status, 0);
		judge_status(outcome, status);
	}
	close(pair[0]);
}

static void try_all(size_t group, size_t i, struct outcome outcomes[WG_BREAKOUT_N_COLUMNS])
{
	for (int column = 0; column < WG_BREAKOUT_N_COLUMNS; column++)
		try_way(group, i, (enum wg_breakout_layers)column, &outcomes[column]);
}

/* A layer that changes nothing has an empty field. */
static void print_row(const struct wg_way *way, const struct outcome *outcomes)
{
	printf("| %s |", way->name);
	for (int column = 0; column < WG_BREAKOUT_N_COLUMNS; column++) {
		bool is_same = column != WG_BREAKOUT_NOTHING && column != WG_BREAKOUT_ALL &&
			       !strcmp(outcomes[column].text, outcomes[0].text);

		printf(" %s |", is_same ? "" : outcomes[column].text);
	}
	printf("\n");
}

/* Nothing leads out but what is said to stay, and that does, or the list would be wrong. The
 * filter alone is enough for most, so that each of its rules has a way that needs it. */
static bool is_right(const struct wg_way *way, const struct outcome *outcomes)
{
	bool is_right = outcomes[WG_BREAKOUT_ALL].is_out == !!way->stays;

	is_right &= outcomes[WG_BREAKOUT_SECCOMP].is_out == (way->stays || way->passes_filter);
	if (!is_right)
		fprintf(stderr, "%s: %s; by the filter alone: %s\n", way->name,
			outcomes[WG_BREAKOUT_ALL].text, outcomes[WG_BREAKOUT_SECCOMP].text);
	return is_right;
}

static void print_head(void)
{
	printf("| attempt |");
	for (int column = 0; column < WG_BREAKOUT_N_COLUMNS; column++)
		printf(" %s |", columns[column]);
	printf("\n|---|---|---|---|---|---|---|---|\n");
}

static void print_what_stays(void)
{
	for (size_t group = 0; group < WG_ARRAY_LEN(groups); group++)
		for (size_t i = 0; i < groups[group]->n; i++)
			if (groups[group]->ways[i].stays)
				printf("- %s: %s\n", groups[group]->ways[i].name,
				       groups[group]->ways[i].stays);
}

static int prove(bool is_table)
{
	int n_out = 0;
	int n = 0;

	if (is_table)
		print_head();
	for (size_t group = 0; group < WG_ARRAY_LEN(groups); group++)
		for (size_t i = 0; i < groups[group]->n; i++) {
			const struct wg_way *way = &groups[group]->ways[i];
			struct outcome outcomes[WG_BREAKOUT_N_COLUMNS];

			try_all(group, i, outcomes);
			n++;
			if (is_table)
				print_row(way, outcomes);
			n_out += !is_right(way, outcomes);
		}
	if (is_table) {
		printf("\n");
		print_what_stays();
	} else {
		printf("%d ways tried, %d not as they should be\n", n, n_out);
	}
	return n_out || !n;
}

static void print_names(void)
{
	for (size_t group = 0; group < WG_ARRAY_LEN(groups); group++)
		for (size_t i = 0; i < groups[group]->n; i++)
			printf("%s\n", groups[group]->ways[i].name);
}

static void start_keeper(void)
{
	target.keeper = fork();
	if (target.keeper == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
}

int main(int argc, char **argv)
{
	bool is_table = argc > 1 && !strcmp(argv[1], "--table");
	int result;

	if (!strcmp(argv[0], "engine") && argc == 5) {
		target.keeper = atoi(argv[4]);
		wg_breakout_engine((enum wg_breakout_layers)atoi(argv[3]),
				   &groups[atoi(argv[1])]->ways[atoi(argv[2])], &target);
	}
	if (argc > 1 && !strcmp(argv[1], "--names")) {
		print_names();
		return 0;
	}
	if (geteuid() != 0)
		skip("needs root");
	self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	make_node();
	open_descriptors();
	start_keeper();
	result = prove(is_table);
	kill(target.keeper, SIGKILL);
	return result;
}
