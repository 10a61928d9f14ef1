#include "wgtest.h"

#include "cli/verbs.h"

static void expect(const char *word, const char *hint)
{
	char guess[WG_VERBS_HINT_LEN] = "";
	bool guessed = wg_verbs_guess(guess, word);

	if (!hint && guessed)
		fail_msg("%s is taken for a command: %s", word, guess);
	if (hint && !guessed)
		fail_msg("%s is taken for a name", word);
	if (hint && !strstr(guess, hint))
		fail_msg("%s: %s instead of %s", word, guess, hint);
}

static void test_a_verb_that_people_try_is_answered_with_what_does_it_here(void **state)
{
	static const struct {
		const char *word;
		const char *hint;
	} words[] = {
		{"status", "tuff show"},    {"list", "tuff show"},
		{"ls", "tuff show"},        {"stop", "tuff down"},
		{"start", "tuff up"},       {"restart", "tuff reload"},
		{"keygen", "tuff genkey"},  {"metrics", "show --json"},
		{"bench", "iperf3"},        {"set", "wg(8)"},
		{"validate", "tuff check"}, {"diagnose", "tuff doctor"},
		{"logs", "journalctl"},     {"Status", "tuff show"},
		{"psk", "tuff genpsk"},     {"gen-key", "tuff genkey"},
		{"pub-key", "tuff pubkey"}, {"enable", "systemctl"},
		{"exec", "tuff --help"},    {"monitor", "show --watch"},
		{"save", "SaveConfig"},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(words); i++)
		expect(words[i].word, words[i].hint);
}

static void test_a_mistyped_command_is_recognised(void **state)
{
	(void)state;
	expect("upp", "did you mean up?");
	expect("uup", "did you mean up?");
	expect("pu", "did you mean up?");
	expect("stauts", "did you mean status? tuff show");
	expect("satus", "did you mean status? tuff show");
	expect("lsit", "did you mean list? tuff show");
	expect("sttop", "did you mean stop? tuff down");
	expect("shwo", "did you mean show?");
	expect("shiw", "did you mean show?");
	expect("SHOW", "did you mean show?");
	expect("dwon", "did you mean down?");
	expect("verison", "did you mean version?");
	expect("gnekey", "did you mean genkey?");
	expect("doctr", "did you mean doctor?");
}

static void test_names_of_links_are_left_alone(void **state)
{
	static const char *const names[] = {
		"wg0",    "tun0",  "vpn",    "home",   "office",  "work",    "wg",     "mullvad",
		"proton", "hub",   "site-b", "peer",   "peers",   "server",  "client", "us",
		"uk",     "de",    "ups",    "sup",    "app",     "lab",     "cloud",  "backup",
		"test",   "up0",   "show1",  "berlin", "hill",    "beach",   "mill",   "lan",
		"wan",    "dmz",   "corp",   "remote", "gateway", "phone",   "laptop", "staging",
		"prod",   "guest", "iot",    "mgmt",   "admin",   "mesh",    "node",   "nordvpn",
		"basalt", "shale", "dev",    "step",   "given",   "company",
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(names); i++)
		expect(names[i], NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_verb_that_people_try_is_answered_with_what_does_it_here),
		cmocka_unit_test(test_a_mistyped_command_is_recognised),
		cmocka_unit_test(test_names_of_links_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
