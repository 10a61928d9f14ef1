#include "wgtest.h"

#include "udp/kernel.h"

static void test_kernels_of_doubtful_offloads_are_known_by_version(void **state)
{
	static const struct {
		const char *release;
		bool gso;
		bool gro;
	} kernels[] = {
		{"4.19.0-27-amd64", true, false},
		{"5.11.22", true, false},
		{"5.12.0", true, true},
		{"6.1.0-18-amd64", true, true},
		{"6.17.0-41-generic", true, true},
		{"6.18.44", true, true},
		{"7.0.0-rc1", false, true},
		{"7.0", false, true},
		{"7.0.12-arch1-1", false, true},
		{"7.1.4", false, true},
		{"7.1.5", true, true},
		{"7.1.14-1-default", true, true},
		{"7.2.0", true, true},
		{"10.0.1", true, true},
		{"", true, true},
		{"unknown", true, true},
		{"7", true, true},
		{"6.99999.99999999999", true, true},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(kernels); i++) {
		assert_int_equal(wg_udp_kernel_has_gso(kernels[i].release), kernels[i].gso);
		assert_int_equal(wg_udp_kernel_has_gro(kernels[i].release), kernels[i].gro);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernels_of_doubtful_offloads_are_known_by_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
