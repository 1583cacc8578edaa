// The load of the benchmark against other proxies, in both roles: `load node ADDRESS NAME` is a node that echoes, and
// `load generate` opens connections through a proxy and talks, as commands on its stdin say (commands.go). One thread
// each, on epoll: what they cost must be less than what the proxy costs, or the proxy would not be the limit.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
)

func main() {
	runtime.LockOSThread()
	// Buffers are kept; a collection would pause the clock of the measured ones.
	debug.SetGCPercent(1000)
	var err error
	switch {
	case len(os.Args) == 4 && os.Args[1] == "node":
		err = runNode(os.Args[2], os.Args[3])
	case len(os.Args) == 2 && os.Args[1] == "generate":
		err = runGenerator(os.Stdin, os.Stdout)
	default:
		err = fmt.Errorf("usage: load node PORT NAME | load generate")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
