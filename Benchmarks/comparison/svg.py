"""Drawing: just enough SVG for plots that read well on light and on dark ground."""

from xml.sax.saxutils import escape

INK, FAINT, GRID = "#737d8a", "#8b949e", "#8b949e"


class Drawing:
    """Grows by what is drawn; `str()` of it is the file's text. Lengths are pixels."""

    def __init__(self, width, height, title):
        self.width, self.height, self.title, self.parts = width, height, title, []

    def text(self, x, y, said, anchor="start", size=12, weight="normal", fill=INK):
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
            f' font-weight="{weight}" fill="{fill}">{escape(said)}</text>')

    def line(self, x1, y1, x2, y2, stroke=GRID, width=1.0, opacity=0.35):
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}"'
            f' stroke-width="{width}" stroke-opacity="{opacity}"/>')

    def rect(self, x, y, width, height, fill, opacity=1.0):
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height:.1f}" rx="2"'
            f' fill="{fill}" fill-opacity="{opacity}"/>')

    def dot(self, x, y, fill, radius=4.5):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{fill}"/>')

    def path(self, points, stroke, width=2.2):
        self.parts.append(
            f'<path d="M{" L".join(f"{x:.1f},{y:.1f}" for x, y in points)}" fill="none"'
            f' stroke="{stroke}" stroke-width="{width}" stroke-linejoin="round"/>')

    def area(self, points, fill, opacity=0.15):
        self.parts.append(
            f'<path d="M{" L".join(f"{x:.1f},{y:.1f}" for x, y in points)} Z" fill="{fill}"'
            f' fill-opacity="{opacity}"/>')

    def __str__(self):
        body = "\n".join(self.parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}"'
            f' width="{self.width}" height="{self.height}" role="img"'
            ' font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif">\n'
            f"<title>{escape(self.title)}</title>\n{body}\n</svg>\n")
