#include "wgtest.h"

#include "tun/kernel.h"

static void test_kernels_of_doubtful_writes_are_known_by_version(void **state)
{
	static const struct {
		const char *release;
		enum wg_offload_trust reading;
		enum wg_offload_trust writing;
	} kernels[] = {
		{"5.10.0-30-amd64", WG_OFFLOAD_TRUSTED, WG_OFFLOAD_DOUBTED},
		{"6.1.0-18-amd64", WG_OFFLOAD_TRUSTED, WG_OFFLOAD_DOUBTED},
		{"6.6.x", WG_OFFLOAD_TRUSTED, WG_OFFLOAD_DOUBTED},
		{"6.6.44", WG_OFFLOAD_TRUSTED, WG_OFFLOAD_DOUBTED},
		{"6.10.14", WG_OFFLOAD_TRUSTED, WG_OFFLOAD_DOUBTED},
		{"6.11.0", WG_OFFLOAD_TRUSTED, WG_OFFLOAD_TRUSTED},
		{"6.18.44", WG_OFFLOAD_TRUSTED, WG_OFFLOAD_TRUSTED},
		{"7.1.14-1-default", WG_OFFLOAD_TRUSTED, WG_OFFLOAD_TRUSTED},
		{"7.2.0-rc1", WG_OFFLOAD_DOUBTED, WG_OFFLOAD_DOUBTED},
		{"10.0.1", WG_OFFLOAD_DOUBTED, WG_OFFLOAD_DOUBTED},
		{"", WG_OFFLOAD_DOUBTED, WG_OFFLOAD_DOUBTED},
		{"unknown", WG_OFFLOAD_DOUBTED, WG_OFFLOAD_DOUBTED},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(kernels); i++) {
		const char *release = kernels[i].release;

		assert_int_equal(wg_tun_kernel_trust(release, WG_TUN_TSO), kernels[i].reading);
		assert_int_equal(wg_tun_kernel_trust(release, WG_TUN_USO), kernels[i].reading);
		assert_int_equal(wg_tun_kernel_trust(release, WG_TUN_TCP_GRO), kernels[i].writing);
		assert_int_equal(wg_tun_kernel_trust(release, WG_TUN_UDP_GRO), kernels[i].writing);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernels_of_doubtful_writes_are_known_by_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
