package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Sizes of the picture, in its own units.
const (
	panelWidth  = 620
	panelHeight = 90
	panelGap    = 44
	left        = 70
	mostPoints  = 310
)

// writeSVG draws requests a second over time, a panel for each scenario.
func writeSVG(w io.Writer, all []*Seen) error {
	var b strings.Builder
	height := len(all)*(panelHeight+panelGap) + 10
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11">`+"\n", panelWidth+left+20, height)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/>`+"\n")
	for i, s := range all {
		drawPanel(&b, s, i*(panelHeight+panelGap)+24)
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func drawPanel(b *strings.Builder, s *Seen, top int) {
	peak, n := max(1, slices.Max(s.Requests)), len(s.Requests)
	bottom := top + panelHeight
	y := func(v int64) int { return bottom - int(v*panelHeight/peak) }
	fmt.Fprintf(b, `<text x="%d" y="%d" font-weight="bold">%s</text><text x="%d" y="%d">%s</text>`+"\n", left, top-8, s.Scenario.Name, left+130, top-8, s.Scenario.Text)
	fmt.Fprintf(b, `<path d="M%d %dV%dH%d" fill="none" stroke="black"/>`, left, top, bottom, left+panelWidth)
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%s/s</text><text x="%d" y="%d" text-anchor="end">0</text>`, left-5, top+8, number(peak), left-5, bottom)
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%d min</text>`+"\n", left+panelWidth, bottom+13, n/60)
	if limit := int64(s.Scenario.Receiver.Requests); limit < peak {
		fmt.Fprintf(b, `<path d="M%d %dH%d" stroke="#c00" stroke-dasharray="4 3"/>`+"\n", left, y(limit), left+panelWidth)
	}
	step := (n + mostPoints - 1) / mostPoints
	b.WriteString(`<polyline fill="none" stroke="#0057a8" points="`)
	for at := 0; at < n; at += step {
		fmt.Fprintf(b, "%d,%d ", left+at*panelWidth/n, y(slices.Max(s.Requests[at:min(n, at+step)])))
	}
	b.WriteString(`"/>` + "\n")
}
