#include "wgtest.h"

#include "doctor/firewall.h"

#define PORT 30567

#define INPUT(policy, rules)                     \
	"table inet filter {\n\tchain input {\n" \
	"\t\ttype filter hook input priority filter; policy " policy ";\n" rules "\t}\n}\n"

struct verdict {
	const char *ruleset;
	const char *suspects; /* NULL: none */
};

static const struct verdict verdicts[] = {
	{"", NULL},
	{INPUT("accept", ""), NULL},
	{INPUT("drop", ""), "inet filter input: policy drop"},
	{INPUT("drop", "\t\tudp dport 30567 accept\n"), NULL},
	{INPUT("drop", "\t\tudp dport 30566 accept\n"), "inet filter input: policy drop"},
	{INPUT("drop", "\t\tudp dport { 53, 30567 } accept\n"), NULL},
	{INPUT("drop", "\t\tudp dport 30000-31000 accept\n"), NULL},
	{INPUT("drop", "\t\tudp dport 31000-32000 accept\n"), "inet filter input: policy drop"},
	{INPUT("drop", "\t\tip saddr 30567.0.0.1 udp dport 53 accept\n"),
	 "inet filter input: policy drop"},
	{INPUT("drop", "\t\tudp dport 53 ip6 daddr 30567::1 accept\n"),
	 "inet filter input: policy drop"},
	{INPUT("accept", "\t\tudp dport 30567 drop\n"), "inet filter input: udp dport 30567 drop"},
	{INPUT("accept",
	       "\t\tudp dport 30567 accept\n\t\tip saddr 192.0.2.1 udp dport 30567 drop\n"),
	 "inet filter input: ip saddr 192.0.2.1 udp dport 30567 drop"},
	{INPUT("accept", "\t\tct state invalid drop\n\t\ttcp dport 22 drop\n"), NULL},
	{INPUT("accept", "\t\tmeta l4proto udp reject\n\t\tcounter drop\n"),
	 "inet filter input: meta l4proto udp reject; inet filter input: counter drop"},
	{INPUT("accept", "\t\tiifname \"dropbox\" accept\n\t\tjump udp-drop\n"), NULL},
	/* What is on its way out or through is not ours. */
	{"table ip a {\n\tchain forward {\n\t\ttype filter hook forward priority 0; policy drop;\n"
	 "\t\tudp dport 30567 drop\n\t}\n}\n",
	 NULL},
	{INPUT("accept", "\t\tmeta l4proto udp jump rawdrop\n\t\tmeta l4proto udp jump dropped\n"),
	 NULL},
	{"table ip a {\n\tchain in {\n\t\ttype filter hook input priority 0; policy accept;\n\t}\n"
	 "\tchain forward {\n\t\ttype filter hook forward priority 0; policy drop;\n"
	 "\t\tudp dport 30567 drop\n\t}\n\tset s {\n\t\tdrop\n\t}\n}\n",
	 NULL},
	/* A chain without a hook may be jumped to, if there is from where. */
	{"table ip a {\n\tchain x {\n\t\tudp dport 30567 drop\n\t}\n}\n", NULL},
	{"table ip a {\n\tchain x {\n\t\tudp dport 30567 drop\n\t}\n\tchain in {\n"
	 "\t\ttype filter hook input priority 0; policy accept;\n\t\tjump x\n\t}\n}\n",
	 "ip a x: udp dport 30567 drop"},
	/* Two tables: what one accepts, the other may drop. */
	{INPUT("drop",
	       "\t\tudp dport 30567 accept\n") "table ip b {\n\tchain in {\n\t\ttype filter hook "
					       "input priority 5; policy drop;\n\t}\n}\n",
	 "ip b in: policy drop"},
	/* Elements of a set are no rules. */
	{"table ip a {\n\tset drop {\n\t\telements = { drop }\n\t}\n\tchain in {\n"
	 "\t\ttype filter hook input priority 0; policy accept;\n\t}\n}\n",
	 NULL},
};

static void test_only_rules_that_may_drop_the_port_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(verdicts); i++) {
		char *suspects = wg_firewall_suspects(verdicts[i].ruleset,
						      strlen(verdicts[i].ruleset), PORT);

		if (!verdicts[i].suspects && suspects)
			fail_msg("%s: %s", verdicts[i].ruleset, suspects);
		if (verdicts[i].suspects && !suspects)
			fail_msg("%s: nothing", verdicts[i].ruleset);
		if (suspects)
			assert_string_equal(suspects, verdicts[i].suspects);
		free(suspects);
	}
}

static void test_a_ruleset_that_is_cut_off_is_read_as_far_as_it_goes(void **state)
{
	static const char ruleset[] = INPUT("drop", "\t\tudp dport 30567 accept\n");

	(void)state;
	for (size_t len = 0; len < sizeof(ruleset); len++)
		free(wg_firewall_suspects(ruleset, len, PORT));
}

static void test_long_names_and_many_rules_are_cut(void **state)
{
	char *ruleset;
	char *suspects;
	size_t len;
	FILE *file = open_memstream(&ruleset, &len);

	(void)state;
	assert_non_null(file);
	fprintf(file, "table inet %0500d {\n\tchain %0128d {\n", 1, 2);
	fprintf(file, "\t\ttype filter hook input priority 0; policy accept;\n");
	for (int i = 0; i < 1000; i++)
		fprintf(file, "\t\tudp dport %d drop\n", i);
	fclose(file);
	suspects = wg_firewall_suspects(ruleset, len, PORT);
	assert_non_null(suspects);
	assert_in_range(strlen(suspects), 1024, 1400);
	free(suspects);
	free(ruleset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_rules_that_may_drop_the_port_are_told),
		cmocka_unit_test(test_long_names_and_many_rules_are_cut),
		cmocka_unit_test(test_a_ruleset_that_is_cut_off_is_read_as_far_as_it_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
