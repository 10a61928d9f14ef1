#include "wgtest.h"

#include "os/container.h"

#define HOST                                             \
	"22 28 0:21 / /sys rw,nosuid - sysfs sysfs rw\n" \
	"28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"

static void test_a_host_is_no_container(void **state)
{
	(void)state;
	assert_false(wg_container_is_root_of(HOST));
	assert_false(wg_container_is_root_of(""));
	assert_false(wg_container_is_root_of("\n\n1 2"));
	/* One that runs containers has their roots mounted, but not at /. */
	assert_false(wg_container_is_root_of(
		HOST
		"90 28 0:50 / /run/containerd/io.containerd.runtime.v2.task/k8s.io/1/rootfs rw "
		"- overlay overlay rw,lowerdir=/var/lib/containerd/1/fs\n"
		"91 28 0:51 / /var/lib/docker/overlay2/1/merged rw - overlay overlay "
		"rw,lowerdir=/var/lib/docker/overlay2/l/A\n"));
	/* Nor is a live system one. */
	assert_false(wg_container_is_root_of(
		"1 0 0:17 / / rw - overlay overlay rw,lowerdir=/live,upperdir=/cow/upper\n"));
}

static void test_the_root_of_each_engine_is_known(void **state)
{
	(void)state;
	assert_true(wg_container_is_root_of(
		"511 430 0:84 / / rw,relatime - overlay overlay rw,lowerdir=/var/lib/containerd/"
		"io.containerd.snapshotter.v1.overlayfs/snapshots/7/fs,upperdir=/x\n"));
	assert_true(wg_container_is_root_of(
		"22 28 0:21 / /sys rw - sysfs sysfs rw\n"
		"511 430 0:84 / / ro,relatime - overlay overlay "
		"rw,lowerdir=/var/lib/containers/storage/overlay/l/ABC:/var/lib/x"));
	assert_true(wg_container_is_root_of("5 4 0:84 / / rw master:1 - overlay overlay "
					    "rw,lowerdir=/var/lib/docker/overlay2/l/A\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_host_is_no_container),
		cmocka_unit_test(test_the_root_of_each_engine_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
