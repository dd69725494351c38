package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"path"
	"strings"
	"text/template"

	"hooksnare/agent/service"
	"hooksnare/packaging/launchd"
)

// templates are the files that other tools install from.
var templates = []string{"packaging/homebrew/hooksnare.rb", "packaging/homebrew/hooksnare-agent.rb", "packaging/munki/Hooksnare.plist"}

// writeTemplates writes them for this version. They hold nothing that is not checked here: versions,
// sums, and a URL.
func (r *release) writeTemplates(context.Context) error {
	facts := struct {
		service.Places
		Version, URL, Package, SHA256 string
		PackageKB, InstalledKB        int
		ARM64, AMD64, ARM64Sum        string
		AMD64Sum                      string
		ProgramMD5, JobMD5            string // with these Munki notices another version
	}{
		Places: service.AllPlaces(), Version: r.Version, URL: r.url, Package: r.name(""),
		ARM64: "hooksnare-" + r.Version + "-darwin-arm64.tar.gz", AMD64: "hooksnare-" + r.Version + "-darwin-amd64.tar.gz",
		InstalledKB: (len(r.program) + 1023) / 1024,
		ProgramMD5:  fmt.Sprintf("%x", md5.Sum(r.program)), JobMD5: fmt.Sprintf("%x", md5.Sum(launchd.PropertyList)),
	}
	facts.SHA256 = fmt.Sprintf("%x", r.sums[facts.Package])
	facts.ARM64Sum, facts.AMD64Sum = fmt.Sprintf("%x", r.sums[facts.ARM64]), fmt.Sprintf("%x", r.sums[facts.AMD64])
	facts.PackageKB = (r.sizes[facts.Package] + 1023) / 1024
	for _, name := range templates {
		t, err := template.New(path.Base(name)).Funcs(template.FuncMap{"xml": escapeXML}).ParseFiles(name)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := t.Execute(&b, facts); err != nil {
			return err
		}
		stored := path.Base(name)
		if strings.HasSuffix(stored, ".plist") {
			stored = "Hooksnare-" + r.Version + ".plist"
		}
		if err := r.writeFile(stored, b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
