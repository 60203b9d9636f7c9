/** The picture's colours by day and by night; they hold in a page and in a file of its own. */
export const TOPOLOGY_STYLE = `
.paper{fill:#fcfcfa}.ink{fill:#14181c}.ink-guest{fill:#14181c}.soft{fill:#4c5560}.faint{fill:#7d8791}
.cell{stroke:#aab2bb;stroke-width:.6}.free{fill:#fff}.host{fill:#c9cfd7}.offline{fill:none;stroke:#9aa3ad;stroke-dasharray:3 2}
.isolated{fill:none;stroke:#1c5fc4;stroke-width:1.4;stroke-dasharray:4 2}.irq{fill:#d9480f}.hatch{stroke:#8f99a5}
.shelf{fill:#f3f1f7;stroke:#8b7fa6}.socket{fill:#e9edf2;stroke:#6b7785}.die{fill:#f1eee6;stroke:#a3957a}
.node{fill:#dff0e3;stroke:#5f9a70}.cache{fill:#fdf3d8;stroke:#c5a450}.cluster{fill:#f6e6ea;stroke:#b98594}.kind{fill:#e6ecfa;stroke:#8597bd}
.core{fill:#f7f8f9;stroke:#59626c}.own{fill:#fbe6ac}.chip{fill:#fff;stroke:#5f9a70}.bar{fill:#b5dcc0}.used{fill:#4f9a66}.pages{fill:#2d6fb3}.box{fill:none;stroke:#9aa3ad}
@media(prefers-color-scheme:dark){
.paper{fill:#15181c}.ink{fill:#e8ebee}.soft{fill:#b4bcc5}.faint{fill:#8c959f}
.cell{stroke:#4a525b}.free{fill:#22272d}.host{fill:#4a525c}.offline{stroke:#6d7680}.isolated{stroke:#7fb0ff}.irq{fill:#ff8a50}.hatch{stroke:#6f7985}
.shelf{fill:#221f2a;stroke:#766a92}.socket{fill:#1f242a;stroke:#76828f}.die{fill:#29261f;stroke:#8a7d64}
.node{fill:#1b2c20;stroke:#5f9a70}.cache{fill:#332c1a;stroke:#97803f}.cluster{fill:#32232a;stroke:#93707b}.kind{fill:#1f273a;stroke:#6d7fa6}
.core{fill:#1a1e22;stroke:#7d8791}.own{fill:#5a4a1c}.chip{fill:#22272d;stroke:#5f9a70}.bar{fill:#31543b}.used{fill:#6cc184}.pages{fill:#6aa9ea}.box{stroke:#5b646e}
}`;
