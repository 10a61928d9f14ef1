#include "cli/verbs.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/nearest.h"
#include "cli/command.h"

/* Most of what differs by a letter from a reserved word that is shorter is a word of its
 * own, and a good name for a link (shop, hill, beach). */
#define LONG_RESERVED 6

#define WORD_LEN 16

static const struct {
	const char *words; /* with a space behind each */
	const char *instead;
} reserved[] = {
	{"status stat state info list ls ps ", "tuff show says what runs"},
	{"watch monitor top ", "tuff show --watch repeats what runs every second"},
	{"metrics stats statistics counters prometheus ",
	 "there are no metrics; tuff show --json has every counter"},
	{"start connect create add new init ",
	 "tuff up NAME brings a tunnel up from its file, see tuff.conf(5)"},
	{"stop quit kill disconnect delete del rm destroy ",
	 "tuff down NAME ends a tunnel and puts back what it changed"},
	{"restart reset ",
	 "tuff reload NAME applies a changed file and keeps all sessions; for all "
	 "anew: tuff down NAME; tuff up NAME"},
	{"refresh sync apply update ", "tuff reload NAME applies a changed file"},
	{"enable disable ", "systemctl enable tuff@NAME, see tuff(8)"},
	{"set setconf addconf syncconf showconf dump ",
	 "wg(8) does that for every WireGuard, this one too: wg --help"},
	{"save strip ", "SaveConfig = true in the file saves what was changed, see tuff.conf(5)"},
	{"keygen gen-key newkey key keys ",
	 "tuff genkey prints a new private key, tuff pubkey its public key"},
	{"pub-key publickey ", "tuff pubkey prints the public key of a private key"},
	{"psk gen-psk presharedkey ", "tuff genpsk prints a new preshared key"},
	{"validate verify lint config configure edit ",
	 "tuff check NAME explains a file and what is wrong with it, see tuff.conf(5)"},
	{"diagnose diagnosis diag debug ",
	 "tuff doctor NAME says what is wrong with a tunnel and its host"},
	{"log logs journal ",
	 "it logs to syslog (journalctl -t tuff), and with -f to standard error"},
	{"bench benchmark speedtest ",
	 "there is none in this program; try iperf3 through the tunnel"},
	{"man manual usage ", "tuff help COMMAND says more about a command, and man tuff all"},
	{"exec run install import export ", "there is none: see tuff --help"},
};

/* A word of the list that is this one, or near to it. */
static bool find_in(const char *words, const char *word, char found[static WORD_LEN],
		    bool (*matches)(const char *word, const char *known))
{
	for (; *words; words += strcspn(words, " ") + 1) {
		snprintf(found, WORD_LEN, "%.*s", (int)strcspn(words, " "), words);
		if (matches(word, found))
			return true;
	}
	return false;
}

static bool is_same(const char *word, const char *known)
{
	return !strcasecmp(word, known);
}

static bool is_near(const char *word, const char *known)
{
	return wg_nearest_slipped(word, known) ||
	       (strlen(word) > WG_VERBS_SHORT && strlen(known) >= LONG_RESERVED &&
		wg_nearest(word, &known, 1));
}

/* What to use instead of a reserved word; NULL when it is none. */
static const char *instead_of(const char *word, char found[static WORD_LEN],
			      bool (*matches)(const char *word, const char *known))
{
	for (size_t i = 0; i < WG_ARRAY_LEN(reserved); i++)
		if (find_in(reserved[i].words, word, found, matches))
			return reserved[i].instead;
	return NULL;
}

static const struct wg_command *near_command(const char *word)
{
	for (size_t i = 0; i < wg_n_commands; i++)
		if (wg_nearest_slipped(word, wg_commands[i].name))
			return &wg_commands[i];
	return strlen(word) > WG_VERBS_SHORT ? wg_command_nearest(word) : NULL;
}

static bool has_only_letters(const char *word)
{
	for (; *word; word++)
		if (!isalpha((unsigned char)*word) && *word != '-' && *word != '_')
			return false;
	return true;
}

bool wg_verbs_guess(char hint[static WG_VERBS_HINT_LEN], const char *word)
{
	const struct wg_command *command;
	const char *instead;
	char found[WORD_LEN];

	if (!has_only_letters(word))
		return false;
	instead = instead_of(word, found, is_same);
	command = instead ? NULL : near_command(word);
	if (command) {
		snprintf(hint, WG_VERBS_HINT_LEN, "did you mean %s?", command->name);
		return true;
	}
	if (instead) {
		snprintf(hint, WG_VERBS_HINT_LEN, "%s", instead);
		return true;
	}
	instead = instead_of(word, found, is_near);
	if (instead)
		snprintf(hint, WG_VERBS_HINT_LEN, "did you mean %s? %s", found, instead);
	return instead != NULL;
}
