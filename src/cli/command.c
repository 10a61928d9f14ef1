#include "cli/command.h"

#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/nearest.h"
#include "cli/verbs.h"
#include "conf/readconf.h"
#include "host/nftables.h"
#include "os/report.h"

const struct wg_command wg_commands[] = {
	{
		.name = "up",
		.arguments = "[-f] NAME|FILE",
		.summary = "bring up a whole tunnel from its file",
		.help = "Reads FILE, or /etc/tuff/NAME.conf, or /etc/wireguard/NAME.conf, and\n"
			"makes all of it: link, keys, peers, addresses, MTU, routes, parameters,\n"
			"DNS, hooks. If a step fails, what was done before it is undone.\n"
			"-f stays in the foreground. See tuff.conf(5).\n",
		.run = wg_command_up,
	},
	{
		.name = "down",
		.arguments = "NAME|FILE [--if-up]",
		.summary = "end a tunnel and put back what it changed",
		.help = "Puts back exactly what `up` changed, also after a crash, and says what\n"
			"it left alone because another program had changed it since. With --if-up\n"
			"it is no error when there is nothing to do.\n",
		.run = wg_command_down,
	},
	{
		.name = "reload",
		.arguments = "NAME|FILE",
		.summary = "apply a changed file to a running tunnel",
		.help = "Applies the difference between the file and what runs, all of it or\n"
			"nothing. Sessions of peers that stay are not touched.\n",
		.run = wg_command_reload,
	},
	{
		.name = "show",
		.arguments = "[NAME] [--brief | --json] [--watch]",
		.summary = "show running tunnels, and why a peer has no session",
		.help = "Without a name: all tunnels. --brief prints a line a peer (see\n"
			"tuff(8)), --json prints JSON (see docs/json.md). --watch repeats it "
			"every\n"
			"second until interrupted, JSON on one line each time.\n",
		.run = wg_command_show,
	},
	{
		.name = "check",
		.arguments = "NAME|FILE [--json]",
		.summary = "explain a configuration file and what is wrong with it",
		.help = "Prints which addresses are outside and which inside the tunnel, then\n"
			"what it found, with line numbers and remedies. Changes and resolves\n"
			"nothing, needs no root. Exit status 3 when something is wrong.\n",
		.run = wg_command_check,
	},
	{
		.name = "doctor",
		.arguments = "NAME|FILE [--json] [--listen SECONDS]",
		.summary = "say what is wrong with a running tunnel and its host",
		.help = "Looks at the tunnel and the host's network, and prints each problem with\n"
			"the command or key that mends it; nothing when all is well. Changes\n"
			"nothing. --listen also listens for neighbours that ask for the peers'\n"
			"addresses. Exit status 3 when something is wrong.\n",
		.run = wg_command_doctor,
	},
	{
		.name = "genkey",
		.arguments = "",
		.summary = "print a new private key",
		.help = "Writes a new private key in base64 to standard output.\n"
			"Keep it from other eyes: (umask 077; tuff genkey > private)\n",
		.run = wg_command_genkey,
	},
	{
		.name = "pubkey",
		.arguments = "",
		.summary = "print the public key of the private key on standard input",
		.help = "Reads a private key in base64 from standard input and writes its\n"
			"public key to standard output: tuff pubkey < private > public\n",
		.run = wg_command_pubkey,
	},
	{
		.name = "genpsk",
		.arguments = "",
		.summary = "print a new preshared key",
		.help = "Writes a new preshared key in base64 to standard output. Both ends\n"
			"of a tunnel need the same one.\n",
		.run = wg_command_genpsk,
	},
	{
		.name = "version",
		.arguments = "",
		.summary = "print the version",
		.help = "The same as tuff --version.\n",
		.run = wg_command_version,
	},
	{
		.name = "help",
		.arguments = "[COMMAND]",
		.summary = "say more about a command",
		.help = "Without a command: the same as tuff --help.\n",
		.run = wg_command_help,
	},
};

const size_t wg_n_commands = WG_ARRAY_LEN(wg_commands);

static const char *const options[] = {"-f", "--foreground", "-h", "--help", "-V", "--version"};

const struct wg_command *wg_command_find(const char *name)
{
	for (size_t i = 0; i < wg_n_commands; i++)
		if (!strcmp(wg_commands[i].name, name))
			return &wg_commands[i];
	return NULL;
}

const struct wg_command *wg_command_nearest(const char *word)
{
	const char *names[WG_ARRAY_LEN(wg_commands)];
	const char *nearest;

	for (size_t i = 0; i < wg_n_commands; i++)
		names[i] = wg_commands[i].name;
	nearest = wg_nearest(word, names, wg_n_commands);
	return nearest ? wg_command_find(nearest) : NULL;
}

int wg_command_misused(const char *name, const char *argument, const char *why)
{
	const struct wg_command *command = wg_command_find(name);
	struct wg_error error;

	wg_error_set(&error, 0, "%s: %s: %s", name, argument, why);
	if (command)
		wg_error_hint(&error, "usage: tuff %s%s%s", name, *command->arguments ? " " : "",
			      command->arguments);
	return wg_report(WG_EXIT_USAGE, &error);
}

int wg_command_name(char name[static WG_CONF_LINK_LEN], int argc, char **argv)
{
	struct wg_error error;

	if (argc < 2)
		return wg_command_misused(argv[0], "NAME", "it is missing");
	if (argc > 2 || argv[1][0] == '-')
		return wg_command_misused(argv[0], argv[argc - 1], "one name or file is wanted");
	if (wg_readconf_name(name, argv[1], &error))
		return wg_report(WG_EXIT_USAGE, &error);
	return WG_EXIT_DONE;
}

int wg_command_refuse_option(const char *option)
{
	const char *nearest = wg_nearest(option, options, WG_ARRAY_LEN(options));
	struct wg_error error;

	wg_error_set(&error, 0, "command line: %s: no such option", option);
	if (nearest)
		wg_error_hint(&error, "did you mean %s?", nearest);
	else
		wg_error_hint(&error, "see tuff --help");
	return wg_report(WG_EXIT_USAGE, &error);
}

int wg_command_refuse_nothing(void)
{
	struct wg_error error;

	wg_error_set(&error, 0, "command line: arguments: there are none");
	wg_error_hint(&error, "usage: tuff [-f] NAME, or tuff --help");
	return wg_report(WG_EXIT_USAGE, &error);
}

int wg_command_refuse_word(const char *where, const char *word, bool may_be_name)
{
	char guess[WG_VERBS_HINT_LEN];
	struct wg_error error;

	wg_error_set(&error, 0, "%s: %s: no such command", where, word);
	if (!wg_verbs_guess(guess, word))
		wg_error_hint(&error, "see tuff --help");
	else if (may_be_name)
		wg_error_hint(&error, "%s (for a tunnel of this name: tuff -- %s)", guess, word);
	else
		wg_error_hint(&error, "%s", guess);
	return wg_report(WG_EXIT_USAGE, &error);
}

/* Whether a tunnel of this name is set up, so that it cannot be a mistyped command. */
static bool is_known_tunnel(const char *word)
{
	static const char *const places[] = {"/etc/tuff/%.15s.conf", "/etc/wireguard/%.15s.conf"};
	char path[64];

	for (size_t i = 0; i < WG_ARRAY_LEN(places); i++) {
		snprintf(path, sizeof(path), places[i], word);
		if (!access(path, F_OK))
			return true;
	}
	return if_nametoindex(word) != 0;
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

static int dispatch_word(int argc, char **argv)
{
	const struct wg_command *command = wg_command_find(argv[1]);
	char guess[WG_VERBS_HINT_LEN];

	if (command)
		return command->run(argc - 1, argv + 1);
	if (argc > 2 && !is_option(argv[2]))
		return wg_command_refuse_word("command line", argv[1], false);
	if (wg_verbs_guess(guess, argv[1]) && !is_known_tunnel(argv[1]))
		return wg_command_refuse_word("command line", argv[1], true);
	return wg_command_run(argc - 1, argv + 1);
}

static int serve_nftables(int argc, char **argv)
{
	wg_nftables_serve(argc, argv);
	return wg_command_refuse_option(argv[0]);
}

int wg_command_dispatch(int argc, char **argv)
{
	static const struct {
		const char *option;
		int (*run)(int argc, char **argv);
	} table[] = {
		{"-h", wg_command_help},    {"--help", wg_command_help},
		{"-V", wg_command_version}, {"--version", wg_command_version},
		{"-f", wg_command_run},     {"--foreground", wg_command_run},
		{"--", wg_command_run},     {WG_NFTABLES_OPTION, serve_nftables},
	};

	if (argc < 2)
		return wg_command_refuse_nothing();
	for (size_t i = 0; i < WG_ARRAY_LEN(table); i++)
		if (!strcmp(argv[1], table[i].option))
			return table[i].run(argc - 1, argv + 1);
	if (is_option(argv[1]))
		return wg_command_refuse_option(argv[1]);
	return dispatch_word(argc, argv);
}
