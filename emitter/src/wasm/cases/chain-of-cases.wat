(module
  (type (;0;) (func (param i32) (result i32)))
  (memory (;0;) 1)
  (export "memory" (memory 0))
  (export "_start" (func $main))
  (func $main (;0;) (type 0) (param i32) (result i32)
    (local i32)
    local.get 0
    i32.const 1
    i32.eq
    if ;; label = @1
      i32.const 10
      local.set 1
    else
      local.get 0
      i32.const 2
      i32.eq
      if ;; label = @2
        i32.const 20
        local.set 1
      else
        local.get 0
        i32.const 3
        i32.eq
        if ;; label = @3
          i32.const 30
          local.set 1
        else
          i32.const 40
          local.set 1
        end
      end
    end
    local.get 1
    local.get 0
    i32.add
  )
  (@producers
    (processed-by "mochi-wasm" "0.1.0")
  )
)
