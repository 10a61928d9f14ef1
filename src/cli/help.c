/* help, --help and --version. */
#include <stdio.h>

#include "cli/command.h"
#include "os/report.h"

static void print_overview(void)
{
	puts("usage: tuff [-f] NAME\n"
	     "       tuff COMMAND [ARGUMENT...]\n"
	     "\n"
	     "tuff NAME makes a WireGuard link of that name and its control socket, and goes\n"
	     "to the background when both are ready; wg(8) and ip(8) then set it up. The\n"
	     "tunnel ends when its link is deleted, its control socket is removed, or on\n"
	     "SIGINT or SIGTERM.\n"
	     "\n"
	     "  -f, --foreground  stay in the foreground, and log to standard error\n"
	     "  -h, --help        print this\n"
	     "  -V, --version     print the version\n"
	     "\n"
	     "Commands:");
	for (size_t i = 0; i < wg_n_commands; i++)
		printf("  %-8s %s\n", wg_commands[i].name, wg_commands[i].summary);
	puts("\n"
	     "Environment: LOG_LEVEL (silent, error, verbose or debug), WG_PROCESS_FOREGROUND=1,\n"
	     "WG_TUN_FD, WG_UAPI_FD; TUFF_AEAD (sodium or ipsec-mb), TUFF_WORKERS (auto\n"
	     "or a number of threads). See tuff(8).");
}

static int print_command(const char *name)
{
	const struct wg_command *command = wg_command_find(name);

	if (!command)
		return wg_command_refuse_word("help", name, false);
	printf("usage: tuff %s%s%s\n\n%s", name, *command->arguments ? " " : "", command->arguments,
	       command->help);
	return WG_EXIT_DONE;
}

int wg_command_help(int argc, char **argv)
{
	if (argc > 2)
		return wg_command_misused("help", argv[2], "one command at most");
	if (argc == 2)
		return print_command(argv[1]);
	print_overview();
	return WG_EXIT_DONE;
}

int wg_command_version(int argc, char **argv)
{
	if (argc > 1)
		return wg_command_misused(argv[0], argv[1], "no argument is expected");
	puts("tuff " WG_VERSION);
	return WG_EXIT_DONE;
}
