// Command package builds what is given to Macs: universal programs, the package that installs the
// agent, the one that removes it, archives, and what Homebrew and Munki want to know about them. It
// needs Go and git alone, on Linux and macOS, and makes the same bytes from the same commit unless
// they are signed. Makefile has its ways of being called, README.md what comes after.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "package:", err)
		os.Exit(1)
	}
}

// run does what a command line says: ldflags or version prints, build builds.
func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("package", flag.ContinueOnError)
	var (
		version   = flags.String("version", "", "version, as git describe writes it, instead of what it says")
		out       = flags.String("out", "dist", "`folder` to build into; it is emptied")
		program   = flags.String("program", "", "`file` to pack into the packages instead of building, and nothing else")
		url       = flags.String("url", "https://downloads.example.com/hooksnare", "`URL` of the folder that the files are downloaded from")
		appCert   = flags.String("app-cert", "", "PEM `file` of the Developer ID Application certificate and those above it")
		appKey    = flags.String("app-key", "", "PEM `file` of its key")
		pkgCert   = flags.String("installer-cert", "", "PEM `file` of the Developer ID Installer certificate and those above it")
		pkgKey    = flags.String("installer-key", "", "PEM `file` of its key")
		timestamp = flags.String("timestamp", "", "`URL` of a timestamp authority; Apple's is http://timestamp.apple.com/ts01")
	)
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := findSource(ctx, *version)
	if err != nil {
		return err
	}
	switch verb := flags.Arg(0); verb {
	case "ldflags":
		_, err = fmt.Println(s.ldflags(""))
	case "version":
		_, err = fmt.Println(s.Version)
	case "build":
		r := release{source: s, out: *out, url: *url}
		if r.app, err = readIdentity(*appCert, *appKey, *timestamp); err != nil {
			return err
		}
		if r.installer, err = readIdentity(*pkgCert, *pkgKey, *timestamp); err != nil {
			return err
		}
		err = r.build(ctx, *program)
	default:
		err = fmt.Errorf("expected ldflags, version or build, found %q", verb)
	}
	return err
}
