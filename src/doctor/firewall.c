/* The text is read line by line:
 *
 *	table inet filter {
 *		chain input {
 *			type filter hook input priority filter; policy drop;
 *			ct state established,related accept
 *			udp dport 30567 accept
 *		}
 *	}
 *
 * Where a chain without a hook is jumped to from is not followed: it counts as part of
 * the way in if its table has a hook there. */
#include "doctor/firewall.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/text.h"

/* So much of a ruleset is told; who wants all asks nft. */
#define MAX_TOLD 1024

enum hook { HOOK_NONE, HOOK_INPUT, HOOK_OTHER };

struct reader {
	unsigned int port;
	struct wg_text suspects; /* of all tables */
	struct wg_text told;     /* of this table */
	char table[128];
	char chain[128];
	enum hook hook; /* of this chain */
	bool has_input;
	bool accepts;
	bool refuses; /* the port by its number */
};

/* Whether a line has a word; letters, digits and '-' make one. */
static bool has_word(const char *line, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = line; (p = strstr(p, word)); p++) {
		bool starts = p == line || !(isalnum((unsigned char)p[-1]) || p[-1] == '-');

		if (starts && !isalnum((unsigned char)p[len]) && p[len] != '-')
			return true;
	}
	return false;
}

/* The port as a number of its own, or inside a range. Numbers with dots and colons
 * are addresses. */
static bool names_port(const char *line, unsigned int port)
{
	const char *p = strstr(line, "dport");

	while (p && *p) {
		unsigned long first;
		unsigned long last;
		char *end;

		if (!isdigit((unsigned char)*p)) {
			p++;
			continue;
		}
		first = last = strtoul(p, &end, 10);
		if (*end == '-' && isdigit((unsigned char)end[1]))
			last = strtoul(end + 1, &end, 10);
		if (first <= port && port <= last && !strchr(".:", *end ? *end : ' '))
			return true;
		p = end + strspn(end, ".:0123456789abcdef");
	}
	return false;
}

static bool is_one_of(const char *line, const char *const words[static 4])
{
	for (size_t i = 0; i < 4; i++)
		if (!strncmp(line, words[i], strlen(words[i])))
			return true;
	return false;
}

static void tell(struct reader *reader, const char *line)
{
	if (reader->told.len > MAX_TOLD)
		return;
	wg_text_printf(&reader->told, "%s%s %s: %s", reader->told.len ? "; " : "", reader->table,
		       reader->chain, line);
}

static void take_rule(struct reader *reader, const char *line)
{
	/* What may stand before the verdict of a rule that matches everything. */
	static const char *const open_starts[] = {"drop", "reject", "counter", "log"};
	bool drops = has_word(line, "drop") || has_word(line, "reject");
	bool names = names_port(line, reader->port);

	if (names && has_word(line, "accept"))
		reader->accepts = true;
	if (!drops)
		return;
	if (names)
		reader->refuses = true;
	if (names || has_word(line, "udp") || is_one_of(line, open_starts))
		tell(reader, line);
}

static void take_hook(struct reader *reader, const char *line)
{
	const char *hook = strstr(line, " hook ");

	reader->hook = hook && !strncmp(hook, " hook input ", 12) ? HOOK_INPUT : HOOK_OTHER;
	reader->has_input |= reader->hook == HOOK_INPUT;
	if (reader->hook == HOOK_INPUT && strstr(line, "policy drop;"))
		tell(reader, "policy drop");
}

static void end_table(struct reader *reader)
{
	if (reader->has_input && reader->told.len && (reader->refuses || !reader->accepts))
		wg_text_printf(&reader->suspects, "%s%s", reader->suspects.len ? "; " : "",
			       reader->told.data);
	wg_text_deinit(&reader->told);
	wg_text_init(&reader->told);
	reader->has_input = reader->accepts = reader->refuses = false;
}

/* The name before " {", at most as long as fits. */
static void copy_name(char *name, size_t size, const char *text)
{
	size_t len = strcspn(text, "{");

	while (len && text[len - 1] == ' ')
		len--;
	if (len >= size)
		len = size - 1;
	memcpy(name, text, len);
	name[len] = '\0';
}

static void take_line(struct reader *reader, char *line)
{
	line += strspn(line, " \t");
	if (!strncmp(line, "table ", 6)) {
		end_table(reader);
		copy_name(reader->table, sizeof(reader->table), line + 6);
		reader->chain[0] = '\0';
	} else if (!strncmp(line, "chain ", 6)) {
		copy_name(reader->chain, sizeof(reader->chain), line + 6);
		reader->hook = HOOK_NONE;
	} else if (line[0] == '}') {
		reader->chain[0] = '\0';
	} else if (!reader->chain[0]) {
		return; /* of a set, a map or the like */
	} else if (!strncmp(line, "type ", 5)) {
		take_hook(reader, line);
	} else if (reader->hook != HOOK_OTHER) {
		take_rule(reader, line);
	}
}

char *wg_firewall_suspects(const char *ruleset, size_t len, uint16_t port)
{
	char *copied = strndup(ruleset, len);
	struct reader reader = {.port = port};
	char *rest = copied;
	char *line;

	wg_text_init(&reader.suspects);
	wg_text_init(&reader.told);
	while ((line = strsep(&rest, "\n")))
		take_line(&reader, line);
	end_table(&reader);
	free(copied);
	if (copied && reader.suspects.len)
		return wg_text_take(&reader.suspects, &len);
	wg_text_deinit(&reader.suspects);
	return NULL;
}
