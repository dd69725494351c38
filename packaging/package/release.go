package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"hooksnare/agent/service"
	"hooksnare/packaging/package/macho"
)

// architectures are those of Macs, in the order in which a universal program has them.
var architectures = []string{"amd64", "arm64"}

// release is everything that one version is given away as.
type release struct {
	source
	out, url       string
	app, installer *identity // nil for what is not signed

	slices  map[string][]byte // the program for each architecture
	program []byte            // the universal one
	sums    map[string][sha256.Size]byte
	sizes   map[string]int
}

// isSigned reports whether macOS accepts both the program and the package.
func (r *release) isSigned() bool { return r.app != nil && r.installer != nil }

// name returns the name of a package, which says what is missing.
func (r *release) name(suffix string) string {
	name := "Hooksnare-" + r.Version
	if !r.isSigned() {
		name += "-unsigned"
	}
	return name + suffix + ".pkg"
}

// build empties the folder out and writes everything into it; with a program, which is not built,
// only the packages.
func (r *release) build(ctx context.Context, program string) error {
	if (r.app == nil) != (r.installer == nil) {
		return errors.New("expected certificates for the program and for the package, or for neither")
	}
	if err := os.RemoveAll(r.out); err != nil {
		return err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	r.slices, r.sums, r.sizes = map[string][]byte{}, map[string][sha256.Size]byte{}, map[string]int{}
	steps := []func(context.Context) error{r.compile, r.writePackages, r.writeArchives, r.writeInventory, r.writeTemplates, r.writeSums}
	if program != "" {
		var err error
		if r.program, err = os.ReadFile(program); err != nil {
			return err
		}
		steps = []func(context.Context) error{r.writePackages}
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// compile builds and signs the program for each architecture, and joins them.
func (r *release) compile(ctx context.Context) error {
	work, err := os.MkdirTemp("", "hooksnare-package-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	team := ""
	if r.app != nil {
		team = r.app.team()
	}
	var list [][]byte
	for _, arch := range architectures {
		name := filepath.Join(work, arch)
		// Nothing of this machine or of the working copy gets into the program.
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", r.ldflags(team), "-o", name, "./agent/cmd/hooksnare")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=darwin", "GOARCH="+arch, "GOAMD64=v3", "GOARM64=v8.0", "GOFLAGS=-mod=readonly", "GOEXPERIMENT=", "GOFIPS140=off")
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("go build for %s: %w", arch, err)
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if r.slices[arch], err = macho.Sign(b, codeIdentity(r.app)); err != nil {
			return fmt.Errorf("signing for %s: %w", arch, err)
		}
		list = append(list, r.slices[arch])
	}
	r.program, err = macho.Universal(list...)
	return err
}

// writePackages writes the package that installs and the one that removes.
func (r *release) writePackages(context.Context) error {
	agent, err := agentComponent(r.program)
	if err != nil {
		return err
	}
	remover, err := uninstallComponent()
	if err != nil {
		return err
	}
	unsigned, note := "", ""
	if !r.isSigned() {
		unsigned, note = " (unsigned)", unsignedNote
	}
	for _, p := range []struct {
		suffix string
		product
	}{
		{"", product{agent, "Hooksnare " + r.Version + unsigned, fmt.Sprintf(welcome, r.Version) + note}},
		{"-uninstall", product{remover, "Remove Hooksnare" + unsigned, fmt.Sprintf(farewell, r.Version) + note}},
	} {
		b, err := p.product.write(r.source, r.installer)
		if err == nil {
			err = r.writeFile(r.name(p.suffix), b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// What Installer shows first.
const (
	welcome = `This installs Hooksnare %s, an agent that reports when a program is set to run as root at
login or logout. It starts at once and at every boot.

The agent needs Full Disk Access: System Settings, Privacy & Security, Full Disk Access, or a
profile. "sudo hooksnare doctor" says what is still missing. To remove it, open the package whose
name ends in -uninstall, or run "sudo hooksnare uninstall".
`
	farewell = `This removes Hooksnare from this Mac: the agent, its alerts and its log. Your
settings in /Library/Preferences and profiles stay. (Version %s.)
`
	unsignedNote = `
This package is UNSIGNED: nobody vouches for where it comes from, macOS opens it only when you
insist, and the agent loses Full Disk Access at each upgrade. Use it for tests.
`
)

// writeFile writes a file of the release and notes its sum.
func (r *release) writeFile(name string, b []byte) error {
	r.sums[name], r.sizes[name] = sha256.Sum256(b), len(b)
	fmt.Printf("%x  %s\n", r.sums[name], name)
	return os.WriteFile(filepath.Join(r.out, name), b, 0o644)
}

// writeSums writes what sha256sum -c and shasum -c check.
func (r *release) writeSums(context.Context) error {
	var names []string
	for name := range r.sums {
		names = append(names, name)
	}
	slices.Sort(names)
	var text strings.Builder
	for _, name := range names {
		fmt.Fprintf(&text, "%x  %s\n", r.sums[name], name)
	}
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), []byte(text.String()), 0o644)
}

// scriptFacts is what the scripts of packages are written from.
func scriptFacts() any {
	p := service.AllPlaces()
	return struct {
		service.Places
		Receipts string
	}{p, strings.Join(p.Receipts, " ")}
}
