package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
)

// documents are what an archive begins with: what these link to comes too.
var documents = []string{"README.md", "SECURITY.md", "CHANGELOG.md", "LICENSE"}

// link is one in Markdown, to a file of the repository.
var link = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)

// linked returns names of files and of all that they link to, below a folder.
func linked(root fs.FS, names []string) ([]string, error) {
	var out []string
	for queue := slices.Clone(names); len(queue) > 0; queue = queue[1:] {
		name := queue[0]
		if slices.Contains(out, name) {
			continue
		}
		info, err := fs.Stat(root, name)
		if err != nil {
			return nil, err
		}
		if info.IsDir() {
			err := fs.WalkDir(root, name, func(name string, d fs.DirEntry, err error) error {
				if err == nil && d.Type().IsRegular() {
					queue = append(queue, name)
				}
				return err
			})
			if err != nil {
				return nil, err
			}
			continue
		}
		out = append(out, name)
		if path.Ext(name) != ".md" {
			continue
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return nil, err
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			queue = append(queue, path.Join(path.Dir(name), m[1]))
		}
	}
	slices.Sort(out)
	return out, nil
}

// writeArchives writes an archive for each architecture: the program, the acceptance test beside it,
// and the documents.
func (r *release) writeArchives(context.Context) error {
	root := os.DirFS(".")
	names, err := linked(root, documents)
	if err != nil {
		return err
	}
	for _, arch := range architectures {
		folder := "hooksnare-" + r.Version + "-darwin-" + arch
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // a level that there is
		t := tar.NewWriter(z)
		add := func(name string, mode int64, body []byte) error {
			err := t.WriteHeader(&tar.Header{Name: folder + "/" + name, Mode: mode, Size: int64(len(body)), ModTime: r.Time, Format: tar.FormatUSTAR})
			if err == nil {
				_, err = t.Write(body)
			}
			return err
		}
		if err := add("hooksnare", 0o755, r.slices[arch]); err != nil {
			return err
		}
		for _, name := range append([]string{"packaging/mac-acceptance.sh"}, names...) {
			body, err := fs.ReadFile(root, name)
			if err != nil {
				return err
			}
			mode, stored := int64(0o644), name
			if strings.HasSuffix(name, ".sh") {
				mode = 0o755
			}
			if name == "packaging/mac-acceptance.sh" {
				stored = path.Base(name)
			}
			if err := add(stored, mode, body); err != nil {
				return err
			}
		}
		if err := t.Close(); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		if err := r.writeFile(folder+".tar.gz", b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
