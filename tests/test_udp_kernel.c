#include "wgtest.h"

#include "udp/kernel.h"

static void test_kernels_of_doubtful_offloads_are_known_by_version(void **state)
{
	static const struct {
		const char *release;
		enum wg_offload_trust gso;
		enum wg_offload_trust gro;
	} kernels[] = {
		{"4.19.0-27-amd64", WG_OFFLOAD_TRUSTED, WG_OFFLOAD_BARRED},
		{"5.11.22", WG_OFFLOAD_TRUSTED, WG_OFFLOAD_BARRED},
		{"5.12.0", WG_OFFLOAD_TRUSTED, WG_OFFLOAD_TRUSTED},
		{"6.1.0-18-amd64", WG_OFFLOAD_TRUSTED, WG_OFFLOAD_TRUSTED},
		{"6.17.0-41-generic", WG_OFFLOAD_TRUSTED, WG_OFFLOAD_TRUSTED},
		{"6.18.44", WG_OFFLOAD_TRUSTED, WG_OFFLOAD_TRUSTED},
		{"7.0.0-rc1", WG_OFFLOAD_BARRED, WG_OFFLOAD_TRUSTED},
		{"7.0", WG_OFFLOAD_BARRED, WG_OFFLOAD_TRUSTED},
		{"7.0.12-arch1-1", WG_OFFLOAD_BARRED, WG_OFFLOAD_TRUSTED},
		{"7.1.4", WG_OFFLOAD_BARRED, WG_OFFLOAD_TRUSTED},
		{"7.1.5", WG_OFFLOAD_TRUSTED, WG_OFFLOAD_TRUSTED},
		{"7.1.14-1-default", WG_OFFLOAD_TRUSTED, WG_OFFLOAD_TRUSTED},
		{"7.2.0", WG_OFFLOAD_DOUBTED, WG_OFFLOAD_DOUBTED},
		{"10.0.1", WG_OFFLOAD_DOUBTED, WG_OFFLOAD_DOUBTED},
		{"", WG_OFFLOAD_DOUBTED, WG_OFFLOAD_DOUBTED},
		{"unknown", WG_OFFLOAD_DOUBTED, WG_OFFLOAD_DOUBTED},
		{"7", WG_OFFLOAD_DOUBTED, WG_OFFLOAD_DOUBTED},
		{"6.99999.99999999999", WG_OFFLOAD_TRUSTED, WG_OFFLOAD_TRUSTED},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(kernels); i++) {
		const char *release = kernels[i].release;

		assert_int_equal(wg_udp_kernel_trust(release, WG_UDP_GSO), kernels[i].gso);
		assert_int_equal(wg_udp_kernel_trust(release, WG_UDP_GRO), kernels[i].gro);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernels_of_doubtful_offloads_are_known_by_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
