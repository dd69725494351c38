// Command broken plays a version that installs itself and then does not start, on the fake Mac of
// packaging/fakemac.sh.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"hooksnare/agent/integrity"
	"hooksnare/agent/service"
)

func main() {
	err := fmt.Errorf("this version does not run")
	if len(os.Args) == 2 && os.Args[1] == "install" {
		var s *service.Service
		const stateDir = "/var/db/hooksnare"
		accept := func() {
			_ = integrity.Accept("", stateDir, "install", time.Now(), nil, append(service.Files(), integrity.Stop)...)
		}
		accept()
		s, err = service.New(service.Options{Version: "1.2.0", StateDir: stateDir, Changed: accept})
		if err == nil {
			err = s.Install(context.Background())
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "hooksnare:", err)
		os.Exit(1)
	}
}
