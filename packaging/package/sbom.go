package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"time"
)

// CycloneDX 1.5, the part that is used here: https://cyclonedx.org/docs/1.5/json.
type (
	inventory struct {
		Format     string            `json:"bomFormat"`
		Spec       string            `json:"specVersion"`
		Serial     string            `json:"serialNumber"`
		Version    int               `json:"version"`
		Metadata   inventoryMetadata `json:"metadata"`
		Components []inventoryPart   `json:"components"`
		Depends    []inventoryEdge   `json:"dependencies"`
	}
	inventoryMetadata struct {
		Timestamp string        `json:"timestamp"`
		Component inventoryPart `json:"component"`
	}
	inventoryPart struct {
		Type    string          `json:"type"`
		Ref     string          `json:"bom-ref"`
		Name    string          `json:"name"`
		Version string          `json:"version"`
		PURL    string          `json:"purl,omitempty"`
		Hashes  []inventoryHash `json:"hashes,omitempty"`
	}
	inventoryHash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	inventoryEdge struct {
		Ref string   `json:"ref"`
		On  []string `json:"dependsOn"`
	}
)

// writeInventory writes the software bill of materials: what the program says that it was built from.
func (r *release) writeInventory(context.Context) error {
	info, err := buildinfo.Read(bytes.NewReader(r.slices[architectures[0]]))
	if err != nil {
		return fmt.Errorf("the program's build information: %w", err)
	}
	sum := sha256.Sum256(r.program)
	id := sum // of this program and no other: a UUID of version 8
	id[6], id[8] = id[6]&0x0F|0x80, id[8]&0x3F|0x80
	list := inventory{
		Format: "CycloneDX", Spec: "1.5", Version: 1,
		Serial: fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:16]),
		Metadata: inventoryMetadata{r.Time.Format(time.RFC3339), inventoryPart{
			Type: "application", Ref: "hooksnare", Name: "hooksnare", Version: r.Version,
			Hashes: []inventoryHash{{"SHA-256", fmt.Sprintf("%x", sum)}},
		}},
	}
	edge := inventoryEdge{Ref: "hooksnare"}
	parts := append([]*debug.Module{{Path: "std", Version: info.GoVersion}}, info.Deps...)
	for _, m := range parts {
		if m.Replace != nil {
			m = m.Replace
		}
		purl := "pkg:golang/" + m.Path + "@" + m.Version
		list.Components = append(list.Components, inventoryPart{Type: "library", Ref: purl, Name: m.Path, Version: m.Version, PURL: purl})
		edge.On = append(edge.On, purl)
	}
	list.Depends = []inventoryEdge{edge}
	b, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	return r.writeFile("Hooksnare-"+r.Version+".cdx.json", append(b, '\n'))
}
