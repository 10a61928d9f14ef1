/* The commands of the program: one table, which dispatch, help and the search for
 * the nearest word read. */
#ifndef WG_CLI_COMMAND_H
#define WG_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"

struct wg_command {
	const char *name;
	const char *arguments; /* what may follow the name, for its usage line */
	const char *summary;   /* one line for --help */
	const char *help;      /* paragraphs for help COMMAND */
	/* argv[0] is the command's name. Returns an enum wg_exit. */
	int (*run)(int argc, char **argv);
};

extern const struct wg_command wg_commands[];
extern const size_t wg_n_commands;

/* The command of that name, or NULL. */
const struct wg_command *wg_command_find(const char *name);

/* The command whose name is nearest to a mistyped word, or NULL. */
const struct wg_command *wg_command_nearest(const char *word);

/* Runs the program: options, a command, or the name of a link. */
int wg_command_dispatch(int argc, char **argv);

/* Reports wrong use of a command, with its usage as the hint. Returns WG_EXIT_USAGE. */
int wg_command_misused(const char *name, const char *argument, const char *why);

/* The link's name from the only argument of a command, NAME|FILE. Returns WG_EXIT_DONE, or
 * WG_EXIT_USAGE when it is not that, which is reported. */
int wg_command_name(char name[static WG_CONF_LINK_LEN], int argc, char **argv);

/* Reports an option that there is not. Returns WG_EXIT_USAGE. */
int wg_command_refuse_option(const char *option);

/* Reports that a word is no command, with what was probably meant; where is the place in
 * which it stood. may_be_name: it could also be a tunnel's name, and how to say so.
 * Returns WG_EXIT_USAGE. */
int wg_command_refuse_word(const char *where, const char *word, bool may_be_name);

/* Reports that a name or command is missing. Returns WG_EXIT_USAGE. */
int wg_command_refuse_nothing(void);

/* The commands, each in the file of its noun. */
int wg_command_up(int argc, char **argv);
int wg_command_down(int argc, char **argv);
int wg_command_reload(int argc, char **argv);
int wg_command_show(int argc, char **argv);
int wg_command_check(int argc, char **argv);
int wg_command_doctor(int argc, char **argv);
int wg_command_genkey(int argc, char **argv);
int wg_command_pubkey(int argc, char **argv);
int wg_command_genpsk(int argc, char **argv);
int wg_command_help(int argc, char **argv);
int wg_command_version(int argc, char **argv);

/* `tuff [-f] NAME`: argv holds the options and the name. */
int wg_command_run(int argc, char **argv);

#endif
