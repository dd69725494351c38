package main

import (
	"bytes"
	"embed"
	"encoding/xml"
	"fmt"
	"strings"
	"text/template"

	"hooksnare/packaging/package/archive"
	"hooksnare/packaging/package/xar"
)

// Identifiers of packages, which name their receipts; that of the agent is its signature's too.
const (
	agentID     = "com.hooksnare.agent"
	uninstallID = "com.hooksnare.uninstall"
)

//go:embed scripts
var scripts embed.FS

// component is what Installer installs: a payload laid to a folder, and scripts.
type component struct {
	id       string
	location string         // where the payload goes
	payload  []archive.File // none for a package that only runs scripts
	scripts  []archive.File
}

// agentComponent lays the program beside the one that may be running. Its script has the program
// install itself: only that can go back to the former one. Nothing in the payload names a folder of
// macOS, whose owner and mode Installer would set.
func agentComponent(program []byte) (component, error) {
	c := component{
		id: agentID, location: "/Library/Application Support/Hooksnare",
		payload: []archive.File{
			{Name: ".", Mode: archive.TypeFolder | 0o755},
			{Name: "./.staged", Mode: archive.TypeFolder | 0o755},
			{Name: "./.staged/hooksnare", Mode: archive.TypeRegular | 0o755, Body: program},
		},
	}
	var err error
	c.scripts, err = renderScripts("agent", "preinstall", "postinstall")
	return c, err
}

// uninstallComponent only runs a script.
func uninstallComponent() (component, error) {
	list, err := renderScripts("uninstall", "postinstall")
	return component{id: uninstallID, location: "/", scripts: list}, err
}

// renderScripts returns scripts of a folder as Installer wants them.
func renderScripts(folder string, names ...string) ([]archive.File, error) {
	list := []archive.File{{Name: ".", Mode: archive.TypeFolder | 0o755}}
	for _, name := range names {
		var b bytes.Buffer
		t, err := template.ParseFS(scripts, "scripts/"+folder+"/"+name)
		if err == nil {
			err = t.Execute(&b, scriptFacts())
		}
		if err != nil {
			return nil, err
		}
		list = append(list, archive.File{Name: "./" + name, Mode: archive.TypeRegular | 0o755, Body: b.Bytes()})
	}
	return list, nil
}

func (c *component) kilobytes() int {
	size := 0
	for _, f := range c.payload {
		size += len(f.Body)
	}
	return (size + 1023) / 1024
}

// files returns the component as files of a package's archive.
func (c *component) files(s source) ([]xar.File, error) {
	var info, steps strings.Builder
	fmt.Fprintf(&info, `<?xml version="1.0" encoding="utf-8"?>
<pkg-info overwrite-permissions="true" relocatable="false" identifier=%q postinstall-action="none" version=%q format-version="2" install-location=%q auth="root">
`, c.id, s.Version, c.location)
	for _, f := range c.scripts {
		if name, is := strings.CutPrefix(f.Name, "./"); is {
			fmt.Fprintf(&steps, "        <%s file=\"./%s\"/>\n", name, name)
		}
	}
	var out []xar.File
	if len(c.payload) > 0 {
		fmt.Fprintf(&info, "    <payload numberOfFiles=\"%d\" installKBytes=\"%d\"/>\n", len(c.payload), c.kilobytes())
		bom, err := archive.Bom(c.payload, s.Time.Unix())
		if err != nil {
			return nil, err
		}
		payload, err := archive.Cpio(c.payload, s.Time.Unix())
		if err != nil {
			return nil, err
		}
		out = append(out, xar.File{Name: "component.pkg/Bom", Body: bom}, xar.File{Name: "component.pkg/Payload", Body: payload})
	}
	packed, err := archive.Cpio(c.scripts, s.Time.Unix())
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&info, "    <scripts>\n%s    </scripts>\n</pkg-info>\n", steps.String())
	return append(out, xar.File{Name: "component.pkg/Scripts", Body: packed},
		xar.File{Name: "component.pkg/PackageInfo", Body: []byte(info.String())}), nil
}

// product is a package that people open and MDM delivers: one component and what Installer says.
type product struct {
	component
	title, welcome string
}

// distribution says where a product may be installed: on the volume that macOS 13 or later runs
// from, on both kinds of Macs, and nowhere else.
const distribution = `<?xml version="1.0" encoding="utf-8"?>
<installer-gui-script minSpecVersion="2">
    <title>%[1]s</title>
    <welcome file="welcome.txt" mime-type="text/plain"/>
    <options customize="never" require-scripts="false" rootVolumeOnly="true" hostArchitectures="arm64,x86_64"/>
    <domains enable_anywhere="false" enable_currentUserHome="false" enable_localSystem="true"/>
    <volume-check>
        <allowed-os-versions>
            <os-version min="13.0"/>
        </allowed-os-versions>
    </volume-check>
    <choices-outline>
        <line choice="default"/>
    </choices-outline>
    <choice id="default" title="%[1]s">
        <pkg-ref id="%[2]s"/>
    </choice>
    <pkg-ref id="%[2]s" version="%[3]s" installKBytes="%[4]d" auth="root">#component.pkg</pkg-ref>
    <product id="%[2]s" version="%[3]s"/>
</installer-gui-script>
`

// write returns the package, signed unless the signer is nil.
func (p *product) write(s source, signer *identity) ([]byte, error) {
	files, err := p.files(s)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf(distribution, escapeXML(p.title), p.id, s.Version, p.kilobytes())
	files = append([]xar.File{
		{Name: "Distribution", Body: []byte(text)},
		{Name: "Resources/welcome.txt", Body: []byte(p.welcome)},
	}, files...)
	if signer == nil { // not an interface that holds nil
		return xar.Write(files, s.Time, nil)
	}
	return xar.Write(files, s.Time, signer)
}

func escapeXML(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // into memory
	return b.String()
}
