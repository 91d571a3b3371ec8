package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
)

// style is GitHub's own, as the tests of the pull request have it, and what it says of a comment's box in a wide
// window.
const style = "bump/internal/text/testdata/look/github-markdown-light.css"

const pullPage = `<!DOCTYPE html>
<meta charset="utf-8">
<style>
%s
body { margin: 0 }
.markdown-body { box-sizing: border-box; width: 886px; padding: 16px; font-size: 14px }
</style>
<div class="markdown-body">
%s</div>
`

// drawPull has Chromium draw a pull request as GitHub shows it.
func drawPull(body, dir, picture string) error {
	markdown, err := os.ReadFile(body)
	if err != nil {
		return err
	}
	css, err := os.ReadFile(style)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	github := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	if err := github.Convert(markdown, &text); err != nil {
		return err
	}
	page, shot := filepath.Join(dir, "pull.html"), filepath.Join(dir, "pull.png")
	if err := os.WriteFile(page, fmt.Appendf(nil, pullPage, css, text.String()), 0o644); err != nil {
		return err
	}
	chromium := exec.Command("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--window-size=886,4000", "--screenshot="+shot,
		"file://"+page)
	chromium.Env = append(os.Environ(), "HOME="+dir)
	if out, err := chromium.CombinedOutput(); err != nil {
		return fmt.Errorf("draw the pull request: %w\n%s", err, out)
	}
	return cropFile(shot, picture)
}

// cropFile writes a picture without the empty rows at its end.
func cropFile(from, to string) error {
	file, err := os.Open(from)
	if err != nil {
		return err
	}
	defer file.Close()
	whole, err := png.Decode(file)
	if err != nil {
		return fmt.Errorf("read %s: %w", from, err)
	}
	cropped, err := crop(whole)
	if err != nil {
		return err
	}
	var data bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&data, cropped); err != nil {
		return err
	}
	return os.WriteFile(to, data.Bytes(), 0o644)
}

// bottom is the space that stays below the last row that is not white, in pixels.
const bottom = 16

// crop returns a picture without the white rows at its end.
func crop(whole image.Image) (image.Image, error) {
	bounds := whole.Bounds()
	last := bounds.Max.Y - 1
	for ; last >= bounds.Min.Y && white(whole, last); last-- {
	}
	if last+bottom >= bounds.Max.Y {
		return nil, errors.New("crop: the picture is not higher than what it shows")
	}
	bounds.Max.Y = last + bottom
	cut := image.NewRGBA(bounds)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			cut.Set(x, y, whole.At(x, y))
		}
	}
	return cut, nil
}

// white reports whether a row is white from end to end.
func white(picture image.Image, y int) bool {
	for x := picture.Bounds().Min.X; x < picture.Bounds().Max.X; x++ {
		if color.GrayModel.Convert(picture.At(x, y)) != (color.Gray{Y: 0xff}) {
			return false
		}
	}
	return true
}
